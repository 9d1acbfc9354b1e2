"""Rule merge: one transcript and the subtitles of the spoken language."""

from functools import partial

import gpulease
from vat.files import read_json, write_json
from vat.joblog import job_log
from vat.speech.vad import read_probability
from vat.subtitles.track import spoken_track, write_track
from vat.transcript.merge import merge
from vat.transcript.settings import QuarantineSettings, SeamSettings

with job_log(snakemake.log[0], gpulease.GpuLeaseError):
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    call = partial(gpulease.call, "vat.speech.asr:transcribe_window", speech=str(given.speech))
    means = {"device": snakemake.config["asr"]["device"], "threads": snakemake.threads}
    decode = partial(call, model=params.model, settings=params.asr, **means)
    voice, rules = read_probability(given.voice), QuarantineSettings(**params.quarantine)
    parts, seams = map(read_json, given.words), SeamSettings(**params.seams)
    transcript = merge(read_json(given.chunks), parts, voice, decode, seams, rules)
    track = spoken_track(transcript, params.settings)
    write_json(out.transcript, transcript)
    write_track(track, out.cues, out.srt, out.vtt, out.ass, out.check)
