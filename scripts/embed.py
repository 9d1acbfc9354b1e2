"""Rule embed: the video with its subtitles."""

from gpulease import GpuLeaseError, confirm
from vat.embed.embed import embed
from vat.embed.settings import EmbedSettings
from vat.jobs.log import Job, job_log
from vat.media.ffmpeg import ffmpeg_path
from vat.media.probe import Media
from vat.subtitles.track import Track

snakemake: Job
with job_log(snakemake.log[0], GpuLeaseError):
    confirm()
    fonts = snakemake.config["embed"]["fonts"]
    embed(
        snakemake.input.source,
        Media.read(snakemake.input.media).without(snakemake.params.left_out),
        [Track.read(cues) for cues in snakemake.input.cues],
        snakemake.output.video,
        EmbedSettings(**snakemake.params.settings, fonts=fonts),
        ffmpeg=ffmpeg_path(snakemake.config["ffmpeg"]),
        gpu=bool(snakemake.resources.gpu),
        threads=snakemake.threads,
    )
