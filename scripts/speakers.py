"""Rule speakers: who speaks when in one video, by the job's worker."""

from pathlib import Path

import gpulease
from vat.files import read_json, write_text
from vat.jobs.log import Job, job_log
from vat.speech.speaker_names import blank_table
from vat.speech.speakers import Found, write_rttm
from vat.speech.voice_prints import labels_of

snakemake: Job
with job_log(snakemake.log[0], gpulease.GpuLeaseError):
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    means = {"device": snakemake.config["speakers"]["device"], "threads": snakemake.threads}
    call = {"speech": str(given.speech), "chunks": read_json(given.chunks), "model": params.model}
    name, settings = "vat.speech.diarization:who_speaks", params.settings
    found = Found.from_json(gpulease.call(name, **call, settings=settings, **means))
    place, across = Path(params.prints), settings["across"]
    labels = labels_of(found.prints, place, snakemake.wildcards.video, across=across)
    speakers = found.speakers.renamed(labels)
    speakers.write(out.speakers)
    write_rttm(out.rttm, speakers, snakemake.wildcards.video)
    write_text(out.table, blank_table(labels.values()))
