"""
Put the finished videos and subtitle files together under their own names.

INPUTS:  <results>/{video}/{video}.{container}
         <results>/{video}/media.json
         <results>/{video}/subtitles/{language}.json, .srt, .vtt, .ass
         <results>/{video}/subtitles/source.words.vtt, .ass   where they are wanted
OUTPUTS: <results>/{video}/delivery.json    what was put where below <results>/delivery

The names below <results>/delivery may hold anything, wildcards too, so they are no outputs.
"""


rule deliver:
    """Link or copy one finished video and its subtitle files to where people look for them."""
    input:
        video=ask.embedded_video,
        media="<results>/{video}/media.json",
        cues=ask.tracks,
        sidecars=ask.sidecars,
        words=ask.word_sidecars,
    output:
        record=ensure("<results>/{video}/delivery.json", non_empty=True),
    log:
        "<logs>/{video}/deliver.log",
    priority: ask.priority
    conda:
        "../../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(500),
        runtime=grown(60),
    params:
        folder=ask.delivery_folder,
        name=ask.delivery_name,
        settings=ask.settings("delivery"),
        version=VERSIONS["deliver"],
    script:
        "../../scripts/deliver.py"
