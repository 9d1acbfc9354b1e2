"""Rule propose_terms: a glossary to edit, from what is said in all videos."""

from gpulease import GpuLeaseError, confirm
from vat.files import write_text
from vat.joblog import job_log
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import Track
from vat.translate.glossary import read_terms, write_terms
from vat.translate.proposals import propose
from vat.translate.settings import TranslateSettings, means_of

with job_log(snakemake.log[0], GpuLeaseError):
    confirm()
    target, options = snakemake.wildcards.language, snakemake.config["translate"]
    settings = TranslateSettings(**snakemake.params.settings)
    folder, name = snakemake.params.folder, f"glossary {target}"
    means = means_of(options, settings, snakemake.threads, folder, name)
    spoken = map(Track.read, snakemake.input.cues)
    videos = [(track.language, track.cues) for track in spoken]
    layout = cue_settings(target, snakemake.params.layout)
    known = read_terms(snakemake.input.glossary)
    terms = propose(videos, target, settings, layout, means, known)
    write_text(snakemake.output.terms, write_terms(terms))
