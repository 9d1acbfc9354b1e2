"""
Put the subtitles into the video, and keep everything that it had.

INPUTS:  <results>/{video}/source
         <results>/{video}/media.json
         <results>/{video}/subtitles/{language}.json
OUTPUTS: <results>/{video}/{video}.{container}    every stream of the source, and the subtitles
"""


rule embed:
    """Add the subtitles of one video as tracks, or burn them into its picture."""
    input:
        source="<results>/{video}/source",
        media="<results>/{video}/media.json",
        cues=tracks_of,
    output:
        video=ensure("<results>/{video}/{video}.{container}", non_empty=True),
    log:
        "<logs>/{video}/embed.{container}.log",
    benchmark:
        "<benchmarks>/{video}/embed.{container}.jsonl"
    wildcard_constraints:
        container="mkv|mp4",
    priority: earlier_first
    conda:
        "../../envs/media.yaml"
    threads: 4
    resources:
        gpu=int(burns_on_gpu),
        gpu_mem_mb=config["embed"]["gpu_mem_mb"] if burns_on_gpu else 0,
        mem_mb=2000,
        runtime="4h",
    params:
        settings=recipe["embed"],
        version=VERSIONS["embed"],
    script:
        "../../scripts/embed.py"
