"""Rule translate: the subtitles of one video in one language."""

from gpulease import GpuLeaseError, confirm
from vat.jobs.log import Job, job_log
from vat.subtitles.check import check_cues
from vat.subtitles.formats import write_checked
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import Track
from vat.translate.overview import read_knowledge
from vat.translate.settings import TranslateSettings, means_of
from vat.translate.translate import translate

snakemake: Job
with job_log(snakemake.log[0], GpuLeaseError):
    confirm()
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    spoken, target = Track.read(given.cues), snakemake.wildcards.language
    settings = params.settings and TranslateSettings(**params.settings)
    options, name = snakemake.config["translate"], f"{snakemake.wildcards.video} {target}"
    means = means_of(options, settings, snakemake.threads, params.folder, name)
    layout = cue_settings(target, params.layout)
    told = settings, layout, means, *read_knowledge(given.glossary, given.people, given.overview)
    found = translate(spoken.cues, spoken.language, target, *told, spoken.speakers)
    write_checked(spoken.into(target, found.cues), check_cues(found.cues, target, layout), out)
    found.report.write(out.report)
