"""Rule merge: one transcript and the subtitles of the spoken language."""

from functools import partial

from gpulease import confirm
from vat.asr import transcribe_window
from vat.cues import CueSettings, make_cues
from vat.files import read_json, write_json
from vat.joblog import job_log
from vat.merge import merge
from vat.quarantine import QuarantineSettings
from vat.seams import SeamSettings
from vat.subtitles import write_subtitles
from vat.timeline import Word
from vat.vad import read_probability

with job_log(snakemake.log[0]):
    confirm()
    decode = partial(
        transcribe_window,
        speech=str(snakemake.input.speech),
        model=snakemake.params.model,
        settings=snakemake.params.asr,
        device=snakemake.config["asr"]["device"],
        threads=snakemake.threads,
    )
    transcript = merge(
        read_json(snakemake.input.chunks),
        map(read_json, snakemake.input.words),
        read_probability(snakemake.input.voice),
        decode,
        SeamSettings(**snakemake.params.seams),
        QuarantineSettings(**snakemake.params.quarantine),
    )
    words = [Word.from_json(word) for word in transcript["words"]]
    language = transcript["language"]
    settings = CueSettings(**snakemake.params.settings)
    cues = make_cues(words, language, settings, transcript["duration"])
    write_json(snakemake.output.transcript, transcript)
    write_subtitles(
        language, cues, snakemake.output.cues, snakemake.output.srt, snakemake.output.vtt
    )
