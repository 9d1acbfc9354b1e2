"""
Translate the subtitles; the spoken language itself is passed on unchanged.

INPUTS:  <results>/{video}/subtitles/source.json              or edited/source.json
         <results>/{video}/overview.json                      where a server translates
OUTPUTS: <results>/{video}/subtitles/{language}.json          cues (.srt, .vtt and .ass: the same)
         <results>/{video}/subtitles/{language}.check.json    how well they can be read
         <results>/{video}/translations/{language}.json       tokens, cost, and where to look
"""


rule translate:
    """Translate every cue of one video into one language."""
    input:
        cues=ask.spoken_track,
        overview=ask.overview,
        glossary=ancient(ask.glossaries),
        people=ancient(ask.people),
        model=ask.fetched_translator,
    output:
        cues=ensure("<results>/{video}/subtitles/{language}.json", non_empty=True),
        srt=report(
            "<results>/{video}/subtitles/{language}.srt",
            caption="../report/subtitles.rst",
            category="Subtitles",
            subcategory="{video}",
            labels={"language": "{language}"},
        ),
        vtt="<results>/{video}/subtitles/{language}.vtt",
        ass="<results>/{video}/subtitles/{language}.ass",
        check="<results>/{video}/subtitles/{language}.check.json",
        report="<results>/{video}/translations/{language}.json",
    log:
        "<logs>/{video}/translate/{language}.log",
    benchmark:
        "<benchmarks>/{video}/translate/{language}.jsonl"
    priority: ask.priority
    conda:
        "../../envs/text.yaml"
    threads: 2
    resources:
        gpu=ask.translation_gpus,
        gpu_mem_mb=ask.translation_gpu_mem_mb,
        mem_mb=ask.translation_mem_mb,
        runtime=grown(120),
    params:
        settings=ask.translation_settings,
        layout=ask.settings("merge"),
        folder=ask.translations,
        version=VERSIONS["translate"],
    script:
        "../../scripts/translate.py"
