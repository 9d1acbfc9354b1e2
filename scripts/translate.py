"""Rule translate: the subtitles of one video in one language."""

from gpulease import GpuLeaseError, confirm
from vat.files import write_json
from vat.joblog import job_log
from vat.subtitles.formats import read_cues
from vat.subtitles.limits import cue_settings
from vat.subtitles.track import translated_track, write_track
from vat.translate import TranslateSettings, translate
from vat.translate.glossary import read_terms
from vat.translate.settings import means_of

with job_log(snakemake.log[0], GpuLeaseError):
    confirm()
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    source, cues = read_cues(given.cues)
    target, options = snakemake.wildcards.language, snakemake.config["translate"]
    settings = params.settings and TranslateSettings(**params.settings)
    local, name = bool(settings and settings.is_local), f"{snakemake.wildcards.video} {target}"
    means = means_of(options, local, snakemake.threads, params.folder, name)
    layout, terms = cue_settings(target, params.layout), read_terms(given.glossary)
    found = translate(cues, source, target, settings, layout, means, terms)
    track = translated_track(target, found.cues, layout)
    write_track(track, out.cues, out.srt, out.vtt, out.ass, out.check)
    write_json(out.report, found.report.to_json())
