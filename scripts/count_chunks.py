"""Rule count_chunks: how many chunks a downloaded video has."""

from vat.files import write_json
from vat.jobs.log import Job, job_log
from vat.media.probe import Media
from vat.timeline import count_chunks

snakemake: Job
with job_log(snakemake.log[0]):
    media = Media.read(snakemake.input.media)
    chunks = count_chunks(media.duration, snakemake.params.chunk_seconds)
    write_json(snakemake.output.chunk_count, {"chunks": chunks})
