"""
Transcribe the chunks of a video, each on its own.

INPUTS:  <results>/{video}/speech.flac
         <results>/{video}/chunks.json
OUTPUTS: <results>/{video}/words/{chunk}.json    timed words of one span, in video time
"""


rule asr_chunk:
    """Transcribe one chunk of speech into timed words."""
    input:
        speech="<results>/{video}/speech.flac",
        chunks="<results>/{video}/chunks.json",
        model=model_input("asr", config["asr"]["model"]),
    output:
        words=ensure("<results>/{video}/words/{chunk}.json", non_empty=True),
    log:
        "<logs>/{video}/asr_chunk/{chunk}.log",
    benchmark:
        "<benchmarks>/{video}/asr_chunk/{chunk}.jsonl"
    priority: earlier_first
    conda:
        "../../envs/asr.yaml"
    threads: 4
    resources:
        gpu=asr_gpus,
        gpu_mem_mb=gpu_mem_mb("asr", asr_gpus),
        gpu_worker="asr",
        mem_mb=grown(8000),
        runtime=grown(60),
    params:
        model=model_folder("asr", recipe["asr"]["model"]),
        settings=recipe["asr"],
        version=VERSIONS["asr_chunk"],
    script:
        "../../scripts/asr_chunk.py"
