"""Rule overview: what one video is about, and who is in it."""

from vat.jobs.log import Job, job_log
from vat.subtitles.track import Track
from vat.translate.first_reading import make_overview
from vat.translate.settings import TranslateSettings, means_of

snakemake: Job
with job_log(snakemake.log[0]):
    spoken = Track.read(snakemake.input.cues)
    settings, options = (
        TranslateSettings(**snakemake.params.settings),
        snakemake.config["translate"],
    )
    folder, name = snakemake.params.folder, f"{snakemake.wildcards.video} overview"
    means = means_of(options, settings, snakemake.threads, folder, name)
    overview = make_overview(spoken.cues, spoken.language, settings, means)
    overview.write(snakemake.output.overview)
