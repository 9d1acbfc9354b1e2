"""What happens to one video: the library under the workflow.

It imports no Snakemake and never chooses a GPU.
"""
