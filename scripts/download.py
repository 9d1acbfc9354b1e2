"""Rule download: one video and its facts."""

from vat.download import download
from vat.ffmpeg import ffmpeg_path
from vat.joblog import job_log

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
