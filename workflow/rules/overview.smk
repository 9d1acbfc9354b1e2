"""
Ask a server's model what a video is about and who is in it, for its translation into any language.

INPUTS:  <results>/{video}/subtitles/source.json
OUTPUTS: <results>/{video}/overview.json    summary, people with their genders
"""


rule overview:
    """Read the whole transcript of one video once."""
    input:
        cues="<results>/{video}/subtitles/source.json",
    output:
        overview=ensure("<results>/{video}/overview.json", non_empty=True),
    log:
        "<logs>/{video}/overview.log",
    benchmark:
        "<benchmarks>/{video}/overview.jsonl"
    priority: ask.priority
    conda:
        "../../envs/text.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(60),
    params:
        settings=ask.overview_settings,
        folder=ask.translations,
        version=VERSIONS["overview"],
    script:
        "../../scripts/overview.py"
