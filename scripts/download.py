"""Rule download: one video and its facts."""

from vat.joblog import job_log
from vat.media.fetch import download
from vat.media.ffmpeg import ffmpeg_path

with job_log(snakemake.log[0]):
    download(
        snakemake.params.source,
        snakemake.output.source,
        snakemake.output.media,
        remote=snakemake.params.remote,
        title=snakemake.params.title,
        audio_track=snakemake.params.audio_track,
        format=snakemake.params.format,
        cookies=snakemake.config["download"]["cookies"],
        ffmpeg=ffmpeg_path(snakemake.config["ffmpeg"]),
    )
