"""Rule shot_changes: the moments at which the picture is cut."""

from vat.jobs.log import Job, job_log
from vat.media.ffmpeg import ffmpeg_path
from vat.media.probe import Media
from vat.media.shots import find_shots

snakemake: Job
with job_log(snakemake.log[0]):
    media, ffmpeg = Media.read(snakemake.input.media), ffmpeg_path(snakemake.config["ffmpeg"])
    shots = find_shots(snakemake.input.source, media, ffmpeg, snakemake.threads)
    shots.write(snakemake.output.shots)
