"""Rule download: one video and its facts."""

from vat.embed.feasibility import feasibility
from vat.jobs.log import Job, job_log
from vat.media.fetch import download
from vat.media.ffmpeg import ffmpeg_path
from vat.media.yt_dlp import Manners

snakemake: Job
with job_log(snakemake.log[0]):
    ffmpeg = ffmpeg_path(snakemake.config["ffmpeg"])
    means = snakemake.config["download"]
    download(
        snakemake.params.source,
        *snakemake.output,
        remote=snakemake.params.remote,
        title=snakemake.params.title,
        audio_track=snakemake.params.audio_track,
        format=snakemake.params.format,
        ffmpeg=ffmpeg,
        manners=Manners(means["cookies"], means["max_mb"], means["private_addresses"]),
        fingerprint=snakemake.params.fingerprint,
        truncated=means["truncated"],
        check=feasibility(snakemake.config["embed"], ffmpeg),
    )
