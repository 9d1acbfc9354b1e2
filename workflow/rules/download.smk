"""
Fetch every video, or link it where it is a local file.

INPUTS:  what `videos` in the configuration names
OUTPUTS: <results>/{video}/source        the video as it came
         <results>/{video}/media.json    duration, streams, chosen audio track
"""


rule download:
    """Fetch or link one video and probe it."""
    output:
        source="<results>/{video}/source",
        media=ensure("<results>/{video}/media.json", non_empty=True),
    log:
        "<logs>/{video}/download.log",
    benchmark:
        "<benchmarks>/{video}/download.jsonl"
    priority: ask.priority
    conda:
        "../../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(360),
    params:
        # A video's name may hold anything, wildcards too, so it is a param and no input;
        # the fingerprint sees to it that a changed file is taken again.
        source=ask.source,
        fingerprint=ask.fingerprint,
        remote=ask.remote,
        title=ask.title,
        audio_track=ask.audio_track,
        format=ask.format,
        version=VERSIONS["download"],
    script:
        "../../scripts/download.py"
