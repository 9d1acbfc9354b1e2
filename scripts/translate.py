"""Rule translate: the subtitles of one video in one language."""

from gpulease import GpuLeaseError, confirm
from vat.joblog import job_log
from vat.subtitles.check import check_cues
from vat.subtitles.formats import write_track
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import Track
from vat.translate.glossary import read_terms
from vat.translate.settings import TranslateSettings, means_of
from vat.translate.translate import translate

with job_log(snakemake.log[0], GpuLeaseError):
    confirm()
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    spoken = Track.read(given.cues)
    target, options = snakemake.wildcards.language, snakemake.config["translate"]
    settings = params.settings and TranslateSettings(**params.settings)
    local, name = bool(settings and settings.is_local), f"{snakemake.wildcards.video} {target}"
    means = means_of(options, local, snakemake.threads, params.folder, name)
    layout, terms = cue_settings(target, params.layout), read_terms(given.glossary)
    found = translate(spoken.cues, spoken.language, target, settings, layout, means, terms)
    write_track(Track(target, found.cues), out.cues, out.srt, out.vtt, out.ass)
    check_cues(found.cues, target, layout).write(out.check)
    found.report.write(out.report)
