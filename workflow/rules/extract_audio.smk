"""
Decode the audio track to transcribe.

INPUTS:  <results>/{video}/source
         <results>/{video}/media.json
OUTPUTS: <results>/{video}/audio.flac    the track, on the video's own time axis; kept only until
                                         the speech is separated
"""


rule extract_audio:
    """Decode the chosen audio track of one video."""
    input:
        source="<results>/{video}/source",
        media="<results>/{video}/media.json",
        # Before the model is there, nothing takes the audio, and that of all videos would pile up.
        model=ask.fetched_separator,
    output:
        # Large, and remade within seconds where the separation is to be repeated.
        audio=temp(ensure("<results>/{video}/audio.flac", non_empty=True)),
    log:
        "<logs>/{video}/extract_audio.log",
    benchmark:
        "<benchmarks>/{video}/extract_audio.jsonl"
    priority: ask.priority
    conda:
        "../../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(60),
    params:
        damaged=ask.settings("download")["damaged"],
        version=VERSIONS["extract_audio"],
    script:
        "../../scripts/extract_audio.py"
