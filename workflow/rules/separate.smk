"""
Keep the speech and drop music and noise; where that is off, or does not help, only resample.

INPUTS:  <results>/{video}/audio.flac
         <results>/{video}/media.json
OUTPUTS: <results>/{video}/speech.flac        16 kHz, mono, on the video's time axis
         <results>/{video}/separation.json    whether speech was separated, and why
"""


rule separate:
    """Separate the speech of one video from everything else."""
    input:
        audio="<results>/{video}/audio.flac",
        media="<results>/{video}/media.json",
        model=ask.fetched_separator,
        judge=ask.fetched_judge,
    output:
        speech=ensure("<results>/{video}/speech.flac", non_empty=True),
        separation=ensure("<results>/{video}/separation.json", non_empty=True),
    log:
        "<logs>/{video}/separate.log",
    benchmark:
        "<benchmarks>/{video}/separate.jsonl"
    priority: ask.priority
    conda:
        "../../envs/separate.yaml"
    threads: 4
    resources:
        gpu=ask.separation_gpus,
        gpu_mem_mb=ask.separation_gpu_mem_mb,
        gpu_worker=ask.separation_worker,
        mem_mb=grown(4000),
        runtime=grown(120),
    params:
        enabled=ask.separation,
        model=ask.model("separator"),
        language=ask.language,
        judge=ask.model("detector"),
        version=VERSIONS["separate"],
    script:
        "../../scripts/separate.py"
