"""
Translate the subtitles; the spoken language itself is passed on unchanged.

INPUTS:  <results>/{video}/subtitles/source.json
OUTPUTS: <results>/{video}/subtitles/{language}.json    cues (.srt and .vtt: the same)
"""


rule translate:
    """Translate every cue of one video into one language."""
    input:
        cues="<results>/{video}/subtitles/source.json",
        model=translator_input,
    output:
        cues=ensure("<results>/{video}/subtitles/{language}.json", non_empty=True),
        srt="<results>/{video}/subtitles/{language}.srt",
        vtt="<results>/{video}/subtitles/{language}.vtt",
    log:
        "<logs>/{video}/translate/{language}.log",
    benchmark:
        "<benchmarks>/{video}/translate/{language}.jsonl"
    priority: earlier_first
    conda:
        "../../envs/text.yaml"
    threads: 2
    resources:
        gpu=translation_gpus,
        gpu_mem_mb=gpu_mem_mb("translate", translation_gpus),
        mem_mb=2000,
        runtime="2h",
    params:
        settings=translation_settings,
        layout=recipe["merge"],
        version=VERSIONS["translate"],
    script:
        "../../scripts/translate.py"
