"""Rule separate: the speech of one video, separated by the job's worker."""

import gpulease
from vat.joblog import job_log

with job_log(snakemake.log[0], gpulease.GpuLeaseError):
    if snakemake.params.enabled:
        gpulease.call(
            "vat.speech.separate:separate",
            audio=str(snakemake.input.audio),
            destination=str(snakemake.output.speech),
            model=snakemake.params.model,
            device=snakemake.config["separate"]["device"],
            threads=snakemake.threads,
        )
    else:
        from vat.media.sound import to_speech

        to_speech(snakemake.input.audio, snakemake.output.speech)
