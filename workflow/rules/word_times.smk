"""
Write the subtitles of the spoken language with the time of every word, where that is asked for.

INPUTS:  <results>/{video}/transcript.json
         <results>/{video}/subtitles/source.json         or edited/, where the user has corrected it
OUTPUTS: <results>/{video}/subtitles/source.words.vtt    a timestamp before every word
         <results>/{video}/subtitles/source.words.ass    karaoke
"""


rule word_times:
    """Give every word of one video's subtitles its time."""
    input:
        transcript="<results>/{video}/transcript.json",
        cues=ask.spoken_track,
    output:
        vtt=ensure("<results>/{video}/subtitles/source.words.vtt", non_empty=True),
        ass=ensure("<results>/{video}/subtitles/source.words.ass", non_empty=True),
    log:
        "<logs>/{video}/word_times.log",
    priority: ask.priority
    conda:
        "../../envs/asr.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(10),
    params:
        version=VERSIONS["word_times"],
    script:
        "../../scripts/word_times.py"
