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
        cues=ask.new_tracks,
    output:
        video=ensure("<results>/{video}/{video}.{container}", non_empty=True),
    log:
        "<logs>/{video}/embed.{container}.log",
    benchmark:
        "<benchmarks>/{video}/embed.{container}.jsonl"
    wildcard_constraints:
        container="mkv|mp4",
    priority: ask.priority
    conda:
        "../../envs/media.yaml"
    threads: 4 if ask.burns else 1
    resources:
        gpu=ask.embedding_gpus,
        gpu_mem_mb=ask.embedding_gpu_mem_mb,
        mem_mb=grown(6000 if ask.burns else 1000),
        runtime=grown(1440 if ask.burns else 240),
    params:
        settings=ask.embed_settings,
        left_out=ask.left_out,
        version=VERSIONS["embed"],
    script:
        "../../scripts/embed.py"
