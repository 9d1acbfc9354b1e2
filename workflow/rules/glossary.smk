"""
Propose a glossary for the user to edit: snakemake glossary. Nothing else depends on it.

INPUTS:  <results>/{video}/subtitles/source.json    of all videos
OUTPUTS: <results>/glossary/{language}.tsv          source, target, note
"""


rule glossary:
    """A proposed glossary for every target language."""
    input:
        proposed_glossaries,


rule propose_terms:
    """Find terms in all videos, and translate them once."""
    input:
        cues=[f"<results>/{video}/subtitles/source.json" for video in plan.videos],
        glossary=ancient(glossaries_of_all),
        model=terms_translator_input,
    output:
        terms="<results>/glossary/{language}.tsv",
    log:
        "<logs>/glossary/{language}.log",
    benchmark:
        "<benchmarks>/glossary/{language}.jsonl"
    conda:
        "../../envs/text.yaml"
    threads: 2
    resources:
        gpu=terms_gpus,
        gpu_mem_mb=gpu_mem_mb("translate", terms_gpus),
        mem_mb=grown(1000 + known_gpu_mem_mb("translate")),
        runtime=grown(60),
    params:
        settings=terms_settings,
        layout=recipe["merge"],
        folder=translations,
        version=VERSIONS["propose_terms"],
    script:
        "../../scripts/propose_terms.py"
