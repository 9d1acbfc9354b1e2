"""
The jobs of VAT without VAT: what Snakemake alone takes to plan them.

Rules, inputs, outputs, wildcards, resources and params are those of the real workflow with one
target language, as plain values; nothing is imported and no function answers.
benchmarks/dag.py compares.
"""

# As long as the names that VAT gives them.
VIDEOS = [f"talk-{number:05}-{number:08x}" for number in range(config["count"])]
CHUNKS = [f"{chunk:04}" for chunk in range(1, config["chunks"] + 1)]


wildcard_constraints:
    video="[a-z0-9-]+",
    chunk=r"\d{4}",
    language="[a-z]{2,3}(-[a-z]+)?",


pathvars:
    benchmarks="logs/benchmarks",


rule all:
    input:
        expand("<results>/{video}/delivery.json", video=VIDEOS),
        expand("<results>/{video}/{video}.mkv", video=VIDEOS),
        expand(
            "<results>/{video}/subtitles/{language}.srt",
            video=VIDEOS,
            language=["zh", "source"],
        ),


rule fetch_model:
    output:
        folder=directory("<resources>/models/{kind}/{model}"),
    log:
        "<logs>/models/{kind}/{model}.log",
    localrule: True
    script:
        "../scripts/fetch_model.sh"


rule download:
    output:
        source="<results>/{video}/source",
        media=ensure("<results>/{video}/media.json", non_empty=True),
    log:
        "<logs>/{video}/download.log",
    benchmark:
        "<benchmarks>/{video}/download.jsonl"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=1000,
        runtime=360,
    params:
        remote=False,
        version=1,
    script:
        "../scripts/download.sh"


rule extract_audio:
    input:
        source="<results>/{video}/source",
        media="<results>/{video}/media.json",
    output:
        audio=temp(ensure("<results>/{video}/audio.flac", non_empty=True)),
    log:
        "<logs>/{video}/extract_audio.log",
    benchmark:
        "<benchmarks>/{video}/extract_audio.jsonl"
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=1000,
        runtime=60,
    params:
        version=1,
    script:
        "../scripts/extract_audio.sh"


rule separate:
    input:
        audio="<results>/{video}/audio.flac",
    output:
        speech=ensure("<results>/{video}/speech.flac", non_empty=True),
    log:
        "<logs>/{video}/separate.log",
    benchmark:
        "<benchmarks>/{video}/separate.jsonl"
    conda:
        "../envs/separate.yaml"
    threads: 4
    resources:
        gpu=1,
        gpu_mem_mb=4000,
        gpu_worker="separate",
        mem_mb=4000,
        runtime=120,
    params:
        model="models/separator",
        version=1,
    script:
        "../scripts/separate.sh"


rule split:
    input:
        media="<results>/{video}/media.json",
        speech="<results>/{video}/speech.flac",
    output:
        chunks=ensure("<results>/{video}/chunks.json", non_empty=True),
        voice=ensure("<results>/{video}/voice.npy", non_empty=True),
    log:
        "<logs>/{video}/split.log",
    benchmark:
        "<benchmarks>/{video}/split.jsonl"
    conda:
        "../envs/asr.yaml"
    threads: 2
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=4000,
        runtime=60,
    params:
        chunks=len(CHUNKS),
        language="en",
        version=1,
    script:
        "../scripts/split.sh"


checkpoint count_chunks:
    input:
        media="<results>/{video}/media.json",
    output:
        chunk_count="<results>/{video}/chunk_count.json",
    log:
        "<logs>/{video}/count_chunks.log",
    script:
        "../scripts/count_chunks.sh"


rule asr_chunk:
    input:
        speech="<results>/{video}/speech.flac",
        chunks="<results>/{video}/chunks.json",
    output:
        words=ensure("<results>/{video}/words/{chunk}.json", non_empty=True),
    log:
        "<logs>/{video}/asr_chunk/{chunk}.log",
    benchmark:
        "<benchmarks>/{video}/asr_chunk/{chunk}.jsonl"
    conda:
        "../envs/asr.yaml"
    threads: 4
    resources:
        gpu=1,
        gpu_mem_mb=100,
        gpu_worker="asr",
        mem_mb=8000,
        runtime=60,
    params:
        model="models/asr",
        version=1,
    script:
        "../scripts/asr_chunk.sh"


rule merge:
    input:
        speech="<results>/{video}/speech.flac",
        chunks="<results>/{video}/chunks.json",
        voice="<results>/{video}/voice.npy",
        words=expand("<results>/{{video}}/words/{chunk}.json", chunk=CHUNKS),
    output:
        transcript=ensure("<results>/{video}/transcript.json", non_empty=True),
        cues=ensure("<results>/{video}/subtitles/source.json", non_empty=True),
        srt="<results>/{video}/subtitles/source.srt",
        vtt="<results>/{video}/subtitles/source.vtt",
        ass="<results>/{video}/subtitles/source.ass",
        check="<results>/{video}/subtitles/source.check.json",
    log:
        "<logs>/{video}/merge.log",
    conda:
        "../envs/asr.yaml"
    threads: 4
    resources:
        gpu=1,
        gpu_mem_mb=100,
        gpu_worker="asr",
        mem_mb=8000,
        runtime=60,
    params:
        model="models/asr",
        version=1,
    script:
        "../scripts/merge.sh"


rule translate:
    input:
        cues="<results>/{video}/subtitles/source.json",
    output:
        cues=ensure("<results>/{video}/subtitles/{language}.json", non_empty=True),
        srt="<results>/{video}/subtitles/{language}.srt",
        vtt="<results>/{video}/subtitles/{language}.vtt",
        ass="<results>/{video}/subtitles/{language}.ass",
        check="<results>/{video}/subtitles/{language}.check.json",
        report="<results>/{video}/translations/{language}.json",
    log:
        "<logs>/{video}/translate/{language}.log",
    benchmark:
        "<benchmarks>/{video}/translate/{language}.jsonl"
    conda:
        "../envs/text.yaml"
    threads: 2
    resources:
        gpu=1,
        gpu_mem_mb=100,
        mem_mb=1100,
        runtime=120,
    params:
        model="models/translator",
        version=1,
    script:
        "../scripts/translate.sh"


rule propose_terms:
    input:
        cues=expand("<results>/{video}/subtitles/source.json", video=VIDEOS),
    output:
        terms="<results>/glossary/{language}.tsv",
    log:
        "<logs>/glossary/{language}.log",
    script:
        "../scripts/propose_terms.sh"


rule bilingual:
    input:
        upper="<results>/{video}/subtitles/{upper}.json",
        lower="<results>/{video}/subtitles/{lower}.json",
    output:
        cues=ensure("<results>/{video}/subtitles/{upper}+{lower}.json", non_empty=True),
        srt="<results>/{video}/subtitles/{upper}+{lower}.srt",
        vtt="<results>/{video}/subtitles/{upper}+{lower}.vtt",
        ass="<results>/{video}/subtitles/{upper}+{lower}.ass",
    log:
        "<logs>/{video}/bilingual/{upper}+{lower}.log",
    wildcard_constraints:
        upper="source|[a-z]{2,3}(-[a-z]+)?",
        lower="source|[a-z]{2,3}(-[a-z]+)?",
    script:
        "../scripts/bilingual.sh"


rule embed:
    input:
        source="<results>/{video}/source",
        media="<results>/{video}/media.json",
        cues="<results>/{video}/subtitles/zh.json",
    output:
        video=ensure("<results>/{video}/{video}.{container}", non_empty=True),
    log:
        "<logs>/{video}/embed.{container}.log",
    benchmark:
        "<benchmarks>/{video}/embed.{container}.jsonl"
    wildcard_constraints:
        container="mkv|mp4",
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=1000,
        runtime=240,
    params:
        version=1,
    script:
        "../scripts/embed.sh"


rule deliver:
    input:
        video="<results>/{video}/{video}.mkv",
        media="<results>/{video}/media.json",
        cues="<results>/{video}/subtitles/zh.json",
        sidecars="<results>/{video}/subtitles/zh.srt",
    output:
        record=ensure("<results>/{video}/delivery.json", non_empty=True),
    log:
        "<logs>/{video}/deliver.log",
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=500,
        runtime=60,
    params:
        folder="results/delivery",
        version=1,
    script:
        "../scripts/deliver.sh"
