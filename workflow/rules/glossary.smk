"""
Propose a glossary for the user to edit: snakemake glossary. Nothing else depends on it.

INPUTS:  <results>/{video}/subtitles/source.json    of all videos
         <results>/{video}/edited/{language}.json   where the user has corrected a translation
         <results>/{video}/overview.json            where a server translates
OUTPUTS: <results>/glossary/{language}.tsv          source, target, note
         <results>/glossary/people.tsv              name, gender, note; where a server translates
"""


rule glossary:
    """A proposed glossary for every target language, and a proposed table of people."""
    input:
        ask.proposed_glossaries,
        ask.proposed_people,


rule propose_terms:
    """Find terms in all videos, and translate them once."""
    input:
        unpack(ask.corrected),
        cues=ask.all_source_cues,
        glossary=ancient(ask.common_glossaries),
        model=ask.fetched("translator"),
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
        gpu=ask.terms_gpus,
        gpu_mem_mb=ask.terms_gpu_mem_mb,
        mem_mb=ask.terms_mem_mb,
        runtime=grown(60),
    params:
        settings=ask.terms_settings,
        layout=ask.settings("merge"),
        folder=ask.translations,
        version=VERSIONS["propose_terms"],
    script:
        "../../scripts/propose_terms.py"


rule propose_people:
    """Put the people of all videos into one table."""
    input:
        overviews=ask.all_overviews,
    output:
        people="<results>/glossary/people.tsv",
    log:
        "<logs>/glossary/people.log",
    conda:
        "../../envs/text.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(500),
        runtime=grown(10),
    params:
        version=VERSIONS["propose_people"],
    script:
        "../../scripts/propose_people.py"
