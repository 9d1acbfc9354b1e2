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
        model=ask.fetched("asr"),
    output:
        words=ensure("<results>/{video}/words/{chunk}.json", non_empty=True),
    log:
        "<logs>/{video}/asr_chunk/{chunk}.log",
    benchmark:
        "<benchmarks>/{video}/asr_chunk/{chunk}.jsonl"
    priority: ask.priority
    conda:
        "../../envs/asr.yaml"
    threads: 4
    resources:
        gpu=ask.asr_gpus,
        gpu_mem_mb=ask.asr_gpu_mem_mb,
        gpu_worker="asr",
        gpu_work=ask.asr_work,
        mem_mb=grown(8000),
        runtime=grown(60),
    params:
        model=ask.model("asr"),
        settings=ask.settings("asr"),
        version=VERSIONS["asr_chunk"],
    script:
        "../../scripts/asr_chunk.py"
