"""
Snakemake's own report: its first page. What else it shows is marked where it is made.

INPUTS:  <results>/summary.json      what became of the videos in the last run
OUTPUTS: none
"""

if ask.is_report:
    config["report"] = ask.report_facts()


report: "../report/workflow.rst"
