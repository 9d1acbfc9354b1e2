"""Rule fetch_model: fetch one model."""

from vat.jobs.log import Job, job_log
from vat.planning.models import fetch, model_name

snakemake: Job
with job_log(snakemake.log[0]):
    fetch(
        snakemake.wildcards.kind,
        model_name(snakemake.wildcards.model),
        snakemake.output.folder,
    )
