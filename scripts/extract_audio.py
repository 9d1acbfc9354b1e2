"""Rule extract_audio: the sound of one video that is transcribed."""

from vat.jobs.log import Job, job_log
from vat.media.probe import Media
from vat.media.sound import extract_audio

snakemake: Job
with job_log(snakemake.log[0]):
    extract_audio(
        snakemake.input.source,
        Media.read(snakemake.input.media),
        snakemake.output.audio,
        damaged=snakemake.params.damaged,
    )
