"""VAT: a folder of videos in, the same videos with translated subtitles out."""

from snakemake.utils import min_version

min_version("9.27")


configfile: f"{workflow.current_basedir}/config/config.yaml"


pathvars:
    benchmarks="logs/benchmarks",


include: "workflow/rules/common.smk"


rule all:
    """Every video with its subtitles."""
    input:
        finished_videos,


include: "workflow/rules/models.smk"
include: "workflow/rules/download.smk"
include: "workflow/rules/extract_audio.smk"
include: "workflow/rules/separate.smk"
include: "workflow/rules/split.smk"
include: "workflow/rules/asr_chunk.smk"
include: "workflow/rules/merge.smk"
include: "workflow/rules/translate.smk"
include: "workflow/rules/glossary.smk"
include: "workflow/rules/bilingual.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/deliver.smk"


onstart:
    explained(check_api_key, plan)
    kept_open.append(explained(begin_run, translations))
