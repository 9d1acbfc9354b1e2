"""Rule translate: the subtitles of one video in one language."""

from gpulease import confirm
from vat.cues import CueSettings
from vat.device import resolve
from vat.files import write_json
from vat.joblog import job_log
from vat.subtitles import read_cues, write_subtitles
from vat.translate import TranslateSettings, translate
from vat.translate.glossary import read_terms
from vat.translate.settings import means_of

with job_log(snakemake.log[0]):
    confirm()
    source, cues = read_cues(snakemake.input.cues)
    target, options = snakemake.wildcards.language, snakemake.config["translate"]
    settings = snakemake.params.settings and TranslateSettings(**snakemake.params.settings)
    device = resolve(options["device"]) if settings and settings.is_local else "cpu"
    name, folder = f"{snakemake.wildcards.video} {target}", snakemake.params.folder
    means = means_of(options, device=device, threads=snakemake.threads, folder=folder, name=name)
    terms = read_terms(snakemake.input.glossary)
    layout = CueSettings(**snakemake.params.layout)
    found = translate(cues, source, target, settings, layout, means, terms)
    write_subtitles(target, found.cues, *snakemake.output[:3])
    write_json(snakemake.output.report, found.report.to_json())
