"""Rule propose_terms: a glossary to edit, from what is said in all videos."""

from gpulease import GpuLeaseError, confirm
from vat.files import write_text
from vat.jobs.log import Job, job_log
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import Track
from vat.translate.corrections import corrected_terms
from vat.translate.glossary import read_terms, write_terms
from vat.translate.proposals import propose
from vat.translate.settings import TranslateSettings, means_of

snakemake: Job
with job_log(snakemake.log[0], GpuLeaseError):
    confirm()
    given, target = snakemake.input, snakemake.wildcards.language
    settings = TranslateSettings(**snakemake.params.settings)
    options, folder = snakemake.config["translate"], snakemake.params.folder
    means = means_of(options, settings, snakemake.threads, folder, f"glossary {target}")
    videos = [(track.language, track.cues) for track in map(Track.read, given.cues)]
    layout = cue_settings(target, snakemake.params.layout)
    mine = corrected_terms(*(given.get(one, []) for one in ("said", "generated", "edited")))
    known = [*read_terms(given.glossary), *mine]
    terms = [*mine, *propose(videos, target, settings, layout, means, known)]
    write_text(snakemake.output.terms, write_terms(terms))
