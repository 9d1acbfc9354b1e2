"""
What the run will take, before it begins: snakemake forecast. Nothing else depends on it.

INPUTS:  none; the plan, and the benchmarks and translations of earlier runs
OUTPUTS: <results>/forecast.json     written, but no output, so that it is made anew each time
         <resources>/learned/speeds.csv     what was learnt of speeds on this host
"""


localrules:
    forecast,


rule forecast:
    """Tell time, GPU-hours, tokens, money and disk of what is left to do."""
    log:
        "<logs>/forecast.log",
    conda:
        "../../envs/text.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(10),
    params:
        left=ask.left,
        kinds=ask.kinds,
        cores=workflow.resource_settings.cores,
        # The executor hides GPUs from jobs that ask for none.
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        benchmarks=place("<benchmarks>"),
        journal=place("<logs>/gpu/placements.jsonl"),
        results=ask.results,
        resources=ask.resources,
    script:
        "../../scripts/forecast.py"
