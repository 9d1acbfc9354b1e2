"""Rule fetch_model: fetch one model."""

from vat.joblog import job_log
from vat.models import fetch

with job_log(snakemake.log[0]):
    fetch(
        snakemake.wildcards.kind,
        snakemake.wildcards.model.replace("--", "/"),
        snakemake.output.folder,
    )
