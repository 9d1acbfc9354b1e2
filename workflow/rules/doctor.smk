"""
See what of the host and of the configuration is ready for a run (snakemake doctor).

INPUTS:  none
OUTPUTS: none; it speaks on the terminal, and fails where something is red
"""


rule doctor:
    """Try GPUs, models, translator, fonts, disk and the pool's folder, and say what to mend."""
    log:
        "<logs>/doctor.log",
    localrule: True
    conda:
        "../../envs/asr.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(4000),
        runtime=grown(20),
    params:
        tiny=str(root / "models/asr"),
        scope=getattr(workflow.executor_settings, "scope", None) or "system",
        # The executor hides GPUs from jobs that ask for none.
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        models=named_models(ask),
        languages=ask.languages,
        results=place("<results>"),
        local=ask.local_sources,
    script:
        "../../scripts/doctor.py"
