"""
What is told after a run: Snakemake's own report, and the pages on this host (snakemake review).

What a report shows besides its first page is marked where it is made.

INPUTS:  <results>/summary.json           what became of the videos in the last run
         <results>/report/{video}.html    and what they show
OUTPUTS: edits/{video}/                   the user's corrections
"""

if ask.is_report:
    config["report"] = ask.report_facts()


report: "../report/workflow.rst"


localrules:
    pages,
    review,


rule pages:
    """Have a run tell of all videos and write their pages, also where nothing is left to do."""
    threads: 1


rule review:
    """Serve the pages on loopback until somebody ends it."""
    log:
        "<logs>/review.log",
    conda:
        "../../envs/media.yaml"
    threads: 1
    resources:
        gpu=0,
        gpu_mem_mb=0,
        mem_mb=grown(1000),
        runtime=grown(1440),
    params:
        results=ask.results,
        logs=place("<logs>"),
        benchmarks=place("<benchmarks>"),
        facts=ask.page_facts,
    script:
        "../../scripts/review.py"
