"""Rule merge: one transcript and the subtitles of the spoken language."""

from vat.cue_check import check_cues, onset_offsets
from vat.cues import make_cues
from vat.files import read_json, write_json
from vat.joblog import job_log
from vat.merge import merge
from vat.presets import cue_settings
from vat.subtitles import write_subtitles
from vat.timeline import Word

with job_log(snakemake.log[0]):
    transcript = merge(read_json(snakemake.input.chunks), map(read_json, snakemake.input.words))
    words = [Word.from_json(word) for word in transcript["words"]]
    language, out = transcript["language"], snakemake.output
    settings = cue_settings(language, snakemake.params.settings)
    cues = make_cues(words, language, settings, transcript["duration"])
    offsets = onset_offsets(cues, words, transcript["speech"])
    write_json(out.transcript, transcript)
    write_subtitles(language, cues, out.cues, out.srt, out.vtt, out.ass)
    write_json(out.check, check_cues(cues, language, settings, offsets).to_json())
