"""Rule separate: the speech of one video."""

from gpulease import confirm
from vat.audio import to_speech
from vat.device import resolve
from vat.joblog import job_log
from vat.separate import separate

with job_log(snakemake.log[0]):
    confirm()
    if snakemake.params.enabled:
        separate(
            snakemake.input.audio,
            snakemake.output.speech,
            snakemake.params.model,
            device=resolve(snakemake.config["separate"]["device"]),
            threads=snakemake.threads,
        )
    else:
        to_speech(snakemake.input.audio, snakemake.output.speech)
