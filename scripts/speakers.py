"""Rule speakers: who speaks when in one video."""

from vat.jobs.log import Job, job_log
from vat.speech.speakers import find_speakers, write_rttm
from vat.timeline import Chunks

snakemake: Job
with job_log(snakemake.log[0]):
    given, out = snakemake.input, snakemake.output
    chunks = Chunks.read(given.chunks)
    found = find_speakers(given.speech, chunks, snakemake.params.model, snakemake.threads)
    found.write(out.speakers)
    write_rttm(out.rttm, found, snakemake.wildcards.video)
