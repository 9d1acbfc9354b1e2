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
from vat.transcript.speakers import with_speakers

snakemake: Job
with job_log(snakemake.log[0], gpulease.GpuLeaseError):
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    means = {"device": snakemake.config["asr"]["device"], "threads": snakemake.threads}
    means |= {"speech": str(given.speech), "model": params.model, "settings": params.asr}
    decode = partial(gpulease.call, "vat.speech.asr:transcribe_window", **means)
    rules = SeamSettings(**params.seams), QuarantineSettings(**params.quarantine)
    heard = Chunks.read(given.chunks), map(Part.read, given.words), read_probability(given.voice)
    transcript = with_speakers(merge(*heard, decode, *rules), given.speakers, params.settings)
    transcript.write(out.transcript)
    write_checked(*spoken_track(transcript, params.settings, given.shots), out)
