"""Rule edit: one track of one video with the user's corrections."""

from pathlib import Path

from vat.jobs.log import Job, job_log
from vat.subtitles.generated_versions import EditFolder, with_edits, write_edited
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import Track

snakemake: Job
with job_log(snakemake.log[0]):
    out, track = snakemake.output, snakemake.wildcards.track
    folder = EditFolder(Path("edits") / snakemake.wildcards.video)
    edited = with_edits(Track.read(snakemake.input.cues), track, folder)
    layout = cue_settings(edited.track.language, snakemake.params.layout)
    write_edited(edited, layout, out)
