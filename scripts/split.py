"""Rule split: the spans of one video, and its language."""

from vat.files import read_json
from vat.jobs.log import Job, job_log
from vat.media.probe import Media
from vat.speech.settings import SplitSettings
from vat.speech.split import split
from vat.speech.vad import write_probability

snakemake: Job
with job_log(snakemake.log[0]):
    chunks, probability = split(
        snakemake.input.speech,
        Media.read(snakemake.input.media).duration,
        expected=snakemake.params.chunks,
        language=snakemake.params.language,
        languages=snakemake.params.languages,
        language_model=snakemake.params.language_model,
        settings=SplitSettings(**snakemake.params.settings),
        window=snakemake.params.window,
        separation=read_json(snakemake.input.separation),
        threads=snakemake.threads,
    )
    write_probability(snakemake.output.voice, probability)
    chunks.write(snakemake.output.chunks)
