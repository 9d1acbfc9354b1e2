"""Rule existing_subtitles: one track of one video, as it has it already."""

from vat.jobs.log import Job, job_log
from vat.subtitles.existing import Existing
from vat.subtitles.existing_track import existing_track
from vat.subtitles.formats import write_track
from vat.subtitles.limits import cue_settings

snakemake: Job
with job_log(snakemake.log[0]):
    out, params = snakemake.output, snakemake.params
    taken = Existing.from_json(params.taken)
    layout = cue_settings(taken.language or "", params.layout)
    track, check = existing_track(snakemake.input.source, taken, layout, relayout=params.relayout)
    write_track(track, out.cues, out.srt, out.vtt, out.ass)
    check.write(out.check)
