"""Rule asr_chunk: the words of one span, recognised by the job's worker."""

import gpulease
from vat.files import write_json
from vat.jobs.log import Job, job_log
from vat.timeline import Chunks

snakemake: Job
with job_log(snakemake.log[0], gpulease.GpuLeaseError):
    words = gpulease.call(
        "vat.speech.asr:transcribe_chunk",
        speech=str(snakemake.input.speech),
        chunks=Chunks.read(snakemake.input.chunks).to_json(),
        number=int(snakemake.wildcards.chunk),
        model=snakemake.params.model,
        settings=snakemake.params.settings,
        device=snakemake.config["asr"]["device"],
        threads=snakemake.threads,
        gpu_mem_mb=snakemake.resources.gpu_mem_mb,
    )
    write_json(snakemake.output.words, words)
