"""
Join the chunks of a video, each word once, and make subtitles in the spoken language.

INPUTS:  <results>/{video}/chunks.json
         <results>/{video}/words/{chunk}.json
OUTPUTS: <results>/{video}/transcript.json           all words, and how the chunks were joined
         <results>/{video}/subtitles/source.json     cues (.srt and .vtt: the same)
"""


rule merge:
    """Merge the words of all chunks of one video and lay out its cues."""
    input:
        chunks="<results>/{video}/chunks.json",
        words=words_of,
    output:
        transcript=ensure("<results>/{video}/transcript.json", non_empty=True),
        cues=ensure("<results>/{video}/subtitles/source.json", non_empty=True),
        srt="<results>/{video}/subtitles/source.srt",
        vtt="<results>/{video}/subtitles/source.vtt",
    log:
        "<logs>/{video}/merge.log",
    priority: earlier_first
    conda:
        "../../envs/text.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=1000,
        runtime="10m",
    params:
        settings=recipe["merge"],
        version=VERSIONS["merge"],
    script:
        "../../scripts/merge.py"
