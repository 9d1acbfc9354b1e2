"""
Keep the speech and drop music and noise; where that is off, only resample.

INPUTS:  <results>/{video}/audio.flac
OUTPUTS: <results>/{video}/speech.flac    16 kHz, mono, on the video's time axis
"""


rule separate:
    """Separate the speech of one video from everything else."""
    input:
        audio="<results>/{video}/audio.flac",
        model=separator_input,
    output:
        speech=ensure("<results>/{video}/speech.flac", non_empty=True),
    log:
        "<logs>/{video}/separate.log",
    benchmark:
        "<benchmarks>/{video}/separate.jsonl"
    priority: earlier_first
    conda:
        "../../envs/separate.yaml"
    threads: 4
    resources:
        gpu=separation_gpus,
        gpu_mem_mb=gpu_mem_mb("separate", separation_gpus),
        gpu_worker=separation_worker,
        mem_mb=grown(4000),
        runtime=grown(120),
    params:
        enabled=of_video("separate"),
        model=model_folder("separate", recipe["separate"]["model"]),
        version=VERSIONS["separate"],
    script:
        "../../scripts/separate.py"
