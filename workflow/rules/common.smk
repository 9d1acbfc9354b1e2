"""What the stages share: the plan of the run, and functions that answer a job's questions."""

import json
from pathlib import Path

from vat.errors import VatError
from vat.models import asr_gpu_mem_mb, folder_name
from vat.plan import check_api_key, make_plan
from vat.stages import VERSIONS


wildcard_constraints:
    video="[a-z0-9-]+",
    chunk=r"\d{4}",
    language="[a-z]{2,3}(-[a-z]+)?",
    kind="asr|separate|translate",


def explained(function, *arguments, **named):
    """Call the library; an error meant for the user becomes Snakemake's, without a traceback."""
    try:
        return function(*arguments, **named)
    except VatError as error:
        raise WorkflowError(str(error)) from None


plan = explained(
    make_plan,
    config,
    root=Path(workflow.current_basedir).parent.parent,
    here=Path.cwd(),
    skip=[
        Path(workflow.pathvars.apply(name)).absolute()
        for name in ("<results>", "<resources>")
    ],
)
config.update(plan.config)
recipe = plan.recipe


def finished_videos(wildcards):
    """The last file of every chain."""
    if config["embed"]["mode"] == "none":
        return [path for video in plan.videos for path in subtitles_of(video)]
    ending = config["embed"]["container"]
    embedded = [f"<results>/{video}/{video}.{ending}" for video in plan.videos]
    return embedded + [path for video in plan.videos for path in subtitles_of(video)]


def subtitles_of(video):
    """The subtitle files of a video under their own language, or the spoken one's where unknown."""
    languages = plan.languages(video) or ["source"]
    return [f"<results>/{video}/subtitles/{language}.srt" for language in languages]


order = {video: len(plan.videos) - place for place, video in enumerate(plan.videos)}


def earlier_first(wildcards):
    """Priority: any job of an earlier video before those of later ones, so that it is finished first."""
    return order.get(wildcards.video, 0)


def of_video(setting):
    """A function that gives one setting of the job's video."""

    def answer(wildcards):
        return getattr(plan.videos[wildcards.video], setting)

    return answer


def source_of(wildcards):
    """Where a video comes from: its URL or path."""
    return plan.source(wildcards.video)


def fingerprint_of(wildcards):
    """What tells that a local video's file has changed."""
    return plan.fingerprint(wildcards.video)


def format_of(wildcards):
    """What to fetch of a remote video; a local one does not depend on it."""
    remote = plan.videos[wildcards.video].remote
    return recipe["download"]["format"] if remote else None


def model_input(kind, name):
    """The folder that a model is fetched to, or nothing where it lies in a local folder."""
    return [] if explained(plan.model_folder, name) else model_folder(kind, name)


def model_folder(kind, name):
    """Where a model is: the local folder that the configuration names, or the fetched one."""
    local = explained(plan.model_folder, name)
    fetched = f"<resources>/models/{kind}/{folder_name(name)}"
    return local or workflow.pathvars.apply(fetched)


def words_of(wildcards):
    """The words of all chunks; only a downloaded video's number of chunks needs the checkpoint."""
    chunks = plan.chunks[wildcards.video]
    if chunks is None:
        counted = checkpoints.count_chunks.get(video=wildcards.video).output.chunk_count
        chunks = json.loads(Path(counted).read_text())["chunks"]
    return [
        f"<results>/{wildcards.video}/words/{chunk:04d}.json"
        for chunk in range(1, chunks + 1)
    ]


def tracks_of(wildcards):
    """The subtitles that are embedded into a video."""
    tracks = plan.tracks(wildcards.video)
    return [f"<results>/{wildcards.video}/subtitles/{track}.json" for track in tracks]


def chunks_of(wildcards):
    """How many chunks a video has; None where only the download tells."""
    return plan.chunks[wildcards.video]


def gpu_mem_mb(section, gpus):
    """GPU memory of a job in MB, given its number of GPUs; each attempt asks for half as much again."""
    base = config[section]["gpu_mem_mb"]
    if base is None:
        base = asr_gpu_mem_mb(config["asr"]["model"], config["asr"]["compute_type"])

    def answer(wildcards, attempt):
        wanted = gpus(wildcards) if callable(gpus) else gpus
        return base * (1 + attempt) // 2 if wanted else 0

    return answer


asr_gpus = int(config["asr"]["device"] != "cpu")


def separation_gpus(wildcards):
    """A GPU where the video's speech is separated and the CPU is not asked for."""
    separated = plan.videos[wildcards.video].separate
    return int(separated and config["separate"]["device"] != "cpu")


def separator_input(wildcards):
    """The separation model, where the video's speech is separated at all."""
    separated = plan.videos[wildcards.video].separate
    return model_input("separate", config["separate"]["model"]) if separated else []


def detector_input(wildcards):
    """The model that detects the language, where it is not configured."""
    detected = plan.videos[wildcards.video].language == "auto"
    return model_input("asr", config["split"]["language_model"]) if detected else []


def is_translated(wildcards):
    """Whether a language needs a translator; the configured spoken one is passed on."""
    return wildcards.language != plan.videos[wildcards.video].language


def uses_local_translator(wildcards):
    """Whether the translation runs a model of its own instead of asking a server."""
    return is_translated(wildcards) and config["translate"]["backend"] == "ctranslate2"


def translation_gpus(wildcards):
    """A GPU for a local model, unless the CPU is asked for."""
    return int(
        uses_local_translator(wildcards) and config["translate"]["device"] != "cpu"
    )


def translator_input(wildcards):
    """The folder of a local translation model that has to be fetched."""
    local = uses_local_translator(wildcards)
    return model_input("translate", config["translate"]["model"]) if local else []


def translation_settings(wildcards):
    """What shapes a translation, with the prompt's text and the model's folder; None for a copy."""
    if not is_translated(wildcards):
        return None
    settings = recipe["translate"] | {
        "prompt": explained(plan.text, config["translate"]["prompt"])
    }
    if uses_local_translator(wildcards):
        settings["model"] = model_folder("translate", settings["model"])
    return settings


burns_on_gpu = config["embed"]["mode"] in ("burn", "both") and config["embed"][
    "encoder"
].endswith("nvenc")
