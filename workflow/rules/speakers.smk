"""
Find out who speaks when, by how voices sound. It waits for no words, and runs beside asr_chunk.

How the speakers sound is kept in <resources>/voices, so that a voice has the same label in every
run, and in all videos where that is asked for.

INPUTS:  <results>/{video}/speech.flac
         <results>/{video}/chunks.json
OUTPUTS: <results>/{video}/speakers.json    turns with the label of their speaker, in video time
         <results>/{video}/speakers.rttm    the same for other tools
         <results>/{video}/speakers.tsv     the labels, in a table to copy and fill in
"""


rule speakers:
    """Find the turns of the speakers of one video."""
    input:
        speech="<results>/{video}/speech.flac",
        chunks="<results>/{video}/chunks.json",
    output:
        speakers=ensure("<results>/{video}/speakers.json", non_empty=True),
        rttm="<results>/{video}/speakers.rttm",
        table="<results>/{video}/speakers.tsv",
    log:
        "<logs>/{video}/speakers.log",
    benchmark:
        "<benchmarks>/{video}/speakers.jsonl"
    priority: ask.priority
    conda:
        "../../envs/speakers.yaml"
    threads: 1
    resources:
        gpu=ask.speaker_gpus,
        gpu_mem_mb=ask.speaker_gpu_mem_mb,
        gpu_worker="speakers",
        mem_mb=grown(2000),
        runtime=grown(120),
    params:
        model=ask.voice_encoder,
        settings=ask.speaker_settings,
        prints=ask.voice_prints,
        version=VERSIONS["speakers"],
    script:
        "../../scripts/speakers.py"
