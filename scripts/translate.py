"""Rule translate: the subtitles of one video in one language."""

from gpulease import confirm
from vat.cue_check import check_cues
from vat.device import resolve
from vat.files import write_json
from vat.joblog import job_log
from vat.presets import cue_settings
from vat.subtitles import read_cues, write_subtitles
from vat.translate import Means, TranslateSettings, translate

with job_log(snakemake.log[0]):
    confirm()
    source, cues = read_cues(snakemake.input.cues)
    target, options = snakemake.wildcards.language, snakemake.config["translate"]
    settings = snakemake.params.settings and TranslateSettings(**snakemake.params.settings)
    local = settings and settings.backend == "ctranslate2"
    device = resolve(options["device"]) if local else "cpu"
    means = Means(device, snakemake.threads, options["timeout_seconds"], options["attempts"])
    layout = cue_settings(target, snakemake.params.layout)
    cues = translate(cues, source, target, settings, layout, means)
    out = snakemake.output
    write_subtitles(target, cues, out.cues, out.srt, out.vtt, out.ass)
    write_json(out.check, check_cues(cues, target, layout).to_json())
