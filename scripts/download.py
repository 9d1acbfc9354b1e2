"""Rule download: one video and its facts."""

from vat.joblog import job_log
from vat.media.fetch import download
from vat.media.ffmpeg import ffmpeg_path

with job_log(snakemake.log[0]):
    means = snakemake.config["download"]
    download(
        snakemake.params.source,
        snakemake.output.source,
        snakemake.output.media,
        remote=snakemake.params.remote,
        title=snakemake.params.title,
        audio_track=snakemake.params.audio_track,
        format=snakemake.params.format,
        cookies=means["cookies"],
        max_mb=means["max_mb"],
        private_addresses=means["private_addresses"],
        ffmpeg=ffmpeg_path(snakemake.config["ffmpeg"]),
    )
