"""
Look for the moments at which the picture is cut, where subtitles are to come and go with them.

INPUTS:  <results>/{video}/source
         <results>/{video}/media.json
OUTPUTS: <results>/{video}/shots.json    when shots begin, in video time
"""


rule shot_changes:
    """Find the cuts in the picture of one video."""
    input:
        source="<results>/{video}/source",
        media="<results>/{video}/media.json",
    output:
        shots=ensure("<results>/{video}/shots.json", non_empty=True),
    log:
        "<logs>/{video}/shot_changes.log",
    benchmark:
        "<benchmarks>/{video}/shot_changes.jsonl"
    priority: ask.priority
    conda:
        "../../envs/media.yaml"
    threads: 2
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(120),
    params:
        version=VERSIONS["shot_changes"],
    script:
        "../../scripts/shot_changes.py"
