"""Rule merge: one transcript and the subtitles of the spoken language."""

from functools import partial

import gpulease
from vat.jobs.log import Job, job_log
from vat.speech.vad import read_probability
from vat.subtitles.formats import write_checked
from vat.subtitles.spoken import spoken_track
from vat.timeline import Chunks, Part
from vat.transcript.merge import merge
from vat.transcript.settings import QuarantineSettings, SeamSettings

snakemake: Job
with job_log(snakemake.log[0], gpulease.GpuLeaseError):
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    call = partial(gpulease.call, "vat.speech.asr:transcribe_window", speech=str(given.speech))
    means = {"device": snakemake.config["asr"]["device"], "threads": snakemake.threads}
    decode = partial(call, model=params.model, settings=params.asr, **means)
    seams, rules = SeamSettings(**params.seams), QuarantineSettings(**params.quarantine)
    chunks, parts = Chunks.read(given.chunks), map(Part.read, given.words)
    transcript = merge(chunks, parts, read_probability(given.voice), decode, seams, rules)
    transcript.write(out.transcript)
    track, check = spoken_track(transcript, params.settings, given.shots, given.speakers)
    write_checked(track, check, out)
