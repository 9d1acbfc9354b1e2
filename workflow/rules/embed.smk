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
    threads: 4 if burns else 1
    resources:
        gpu=embedding_gpus,
        gpu_mem_mb=gpu_mem_mb("embed", embedding_gpus),
        mem_mb=grown(6000 if burns else 1000),
        runtime=grown(1440 if burns else 240),
    params:
        settings=embed_settings,
        version=VERSIONS["embed"],
    script:
        "../../scripts/embed.py"
