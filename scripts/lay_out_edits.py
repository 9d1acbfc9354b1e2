"""Rule lay_out_edits: copies of one video's subtitles for the user to correct."""

from pathlib import Path

from vat.files import write_json
from vat.jobs.log import Job, job_log
from vat.subtitles.generated_versions import EditFolder
from vat.subtitles.track import Track

snakemake: Job
with job_log(snakemake.log[0]):
    folder = EditFolder(Path("edits") / snakemake.wildcards.video)
    tracks = map(Track.read, snakemake.input.tracks)
    laid_out = [folder.lay_out(track.name, track) for track in tracks]
    write_json(snakemake.output.record, [str(file) for file in laid_out if file])
