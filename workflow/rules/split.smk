"""
Plan the chunks of a video, and learn its language.

INPUTS:  <results>/{video}/media.json
         <results>/{video}/speech.flac
         <results>/{video}/separation.json
OUTPUTS: <results>/{video}/chunks.json         language, speech intervals, spans that tile the video
         <results>/{video}/voice.npy           probability of speech, a byte per 32 ms
         <results>/{video}/chunk_count.json    how many spans, for videos that had to be downloaded
"""


rule split:
    """Cut one video into spans at its quietest moments and detect its language."""
    input:
        media="<results>/{video}/media.json",
        speech="<results>/{video}/speech.flac",
        separation="<results>/{video}/separation.json",
        model=ask.fetched_detector,
    output:
        chunks=ensure("<results>/{video}/chunks.json", non_empty=True),
        voice=ensure("<results>/{video}/voice.npy", non_empty=True),
    log:
        "<logs>/{video}/split.log",
    benchmark:
        "<benchmarks>/{video}/split.jsonl"
    priority: ask.priority
    conda:
        "../../envs/asr.yaml"
    threads: 2
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(4000),
        runtime=grown(60),
    params:
        chunks=ask.chunks,
        language=ask.language,
        languages=ask.possible_languages,
        language_model=ask.model("detector"),
        settings=ask.settings("split"),
        window=ask.settings("asr")["chunk_length"],
        version=VERSIONS["split"],
    script:
        "../../scripts/split.py"


checkpoint count_chunks:
    """Count the chunks of a video whose length only its download tells."""
    input:
        media="<results>/{video}/media.json",
    output:
        chunk_count="<results>/{video}/chunk_count.json",
    log:
        "<logs>/{video}/count_chunks.log",
    priority: ask.priority
    localrule: True
    conda:
        "../../envs/asr.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(500),
        runtime=grown(5),
    params:
        chunk_seconds=ask.settings("split")["chunk_seconds"],
    script:
        "../../scripts/count_chunks.py"
