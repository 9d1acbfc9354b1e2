"""
Fetch the models that are named and not local, once, before the jobs that share them.

INPUTS:  the models' names in the configuration
OUTPUTS: <resources>/models/{kind}/{model}/    one folder per model

Where jobs go to a cluster, these stay with Snakemake: they need a network that only the login node
has.
"""


rule fetch_model:
    """Fetch one model and check that it is complete."""
    output:
        folder=directory("<resources>/models/{kind}/{model}"),
    log:
        "<logs>/models/{kind}/{model}.log",
    priority: ask.before_all
    localrule: True
    conda:
        "../../envs/models.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(120),
    params:
        version=VERSIONS["fetch_model"],
    script:
        "../../scripts/fetch_model.py"
