"""Rule extract_audio: the sound of one video that is transcribed."""

from vat.audio import extract_audio
from vat.ffmpeg import ffmpeg_path
from vat.files import read_json
from vat.joblog import job_log
from vat.media import Media

with job_log(snakemake.log[0]):
    extract_audio(
        snakemake.input.source,
        Media.from_json(read_json(snakemake.input.media)),
        snakemake.output.audio,
        ffmpeg=ffmpeg_path(snakemake.config["ffmpeg"]),
    )
