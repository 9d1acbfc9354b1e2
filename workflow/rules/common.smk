"""What the stages share: the plan of the run, and functions that answer a job's questions."""

import gc
import json
from pathlib import Path

from snakemake.exceptions import IncompleteCheckpointException

from vat.planning.delivery_names import delivery_names
from vat.media.fetch import set_dead_links_aside
from vat.embed.encoders import driver_encodes
from vat.subtitles.styles import BUILT_IN
from vat.errors import VatError
from vat.planning.models import asr_gpu_mem_mb, folder_name, translator_gpu_mem_mb
from vat.planning.plan import check_api_key, make_plan
from vat.stages import VERSIONS
from vat.translate.limits import begin_run


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


# Planning a thousand videos makes millions of objects, nearly all of which stay: looking through
# them for garbage as often as Python does by itself is a tenth of the whole time.
gc.set_threshold(100_000, 20, 20)

plan = explained(
    make_plan,
    config,
    root=Path(workflow.current_basedir).parent.parent,
    here=Path.cwd(),
    skip=[
        Path(workflow.pathvars.apply(name)).absolute()
        for name in ("<results>", "<resources>")
    ],
    # A cluster's jobs plan again what this process has planned.
    renew=workflow.is_main_process,
)
# Not in a cluster's jobs: a node may see less than the others.
if workflow.is_main_process:
    set_dead_links_aside(
        Path(workflow.pathvars.apply(f"<results>/{video}/source"))
        for video in plan.videos
    )
config.update(plan.config)
recipe = plan.recipe


def finished_videos(wildcards):
    """The last file of every chain."""
    subtitles = [path for video in plan.videos for path in subtitles_of(video)]
    delivered = [f"<results>/{video}/delivery.json" for video in plan.videos]
    if config["delivery"]["how"] == "none":
        delivered = []
    if config["embed"]["mode"] == "none":
        return delivered + subtitles
    ending = config["embed"]["container"]
    embedded = [f"<results>/{video}/{video}.{ending}" for video in plan.videos]
    return delivered + embedded + subtitles


def subtitles_of(video):
    """The subtitle files of a video: those of its targets, and of the spoken language, as source."""
    languages = [*plan.targets(video), "source"]
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
    return plan.fingerprints[wildcards.video]


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
        try:
            counted = checkpoints.count_chunks.get(video=wildcards.video)
        except IncompleteCheckpointException as error:
            # What Snakemake itself asks for on this error; but it would also go through its plan
            # twice after each download, and make the merge of every video to be fetched anew.
            return error.targetfile
        chunks = json.loads(Path(counted.output.chunk_count).read_text())["chunks"]
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


def grown(amount):
    """MB or minutes of a job; each attempt asks for all of it once more, unlike of scarce GPU memory."""

    def answer(wildcards, attempt):
        return amount * attempt

    return answer


def gpu_mem_mb(section, gpus):
    """GPU memory of a job in MB, given its number of GPUs; each attempt asks for half as much again."""
    base = config[section]["gpu_mem_mb"]
    if base is None:
        base = known_gpu_mem_mb(section)

    def answer(wildcards, attempt):
        wanted = gpus(wildcards) if callable(gpus) else gpus
        return base * (1 + attempt) // 2 if wanted else 0

    return answer


def known_gpu_mem_mb(section):
    """GPU memory of a job by its model."""
    options = config[section]
    if section == "asr":
        return asr_gpu_mem_mb(options["model"], options["compute_type"])
    if options["backend"] != "ctranslate2":
        return 0
    return translator_gpu_mem_mb(
        options["model"], explained(plan.model_folder, options["model"])
    )


asr_gpus = int(config["asr"]["device"] != "cpu")


def separation_gpus(wildcards):
    """A GPU where the video's speech is separated and the CPU is not asked for."""
    separated = plan.videos[wildcards.video].separate
    return int(separated and config["separate"]["device"] != "cpu")


def separation_worker(wildcards):
    """The kind of worker that separates speech, where it is separated at all."""
    return "separate" if plan.videos[wildcards.video].separate else "none"


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


def translation_mem_mb(wildcards, attempt):
    """Memory of a translation: a local model is read through it, a server's is elsewhere."""
    local = uses_local_translator(wildcards)
    return (1000 + (known_gpu_mem_mb("translate") if local else 1000)) * attempt


def translator_input(wildcards):
    """The folder of a local translation model that has to be fetched."""
    local = uses_local_translator(wildcards)
    return model_input("translate", config["translate"]["model"]) if local else []


def translation_settings(wildcards):
    """What shapes a translation, with prompts, terms and the model's folder; None for a copy."""
    if not is_translated(wildcards):
        return None
    settings = explained(plan.translation, wildcards.video, wildcards.language)
    if uses_local_translator(wildcards):
        settings["model"] = model_folder("translate", settings["model"])
    return settings


def glossaries_of(wildcards):
    """The user's glossaries; their content counts (a param), not when they were saved."""
    named = is_translated(wildcards)
    return (
        explained(plan.glossary, wildcards.video, wildcards.language) if named else []
    )


def glossaries_of_all(wildcards):
    """The user's glossary for all videos; its terms are not proposed again."""
    return explained(plan.glossary, None, wildcards.language)


def proposed_glossaries(wildcards):
    """One glossary for every language that any video is translated into."""
    targets = {code: None for video in plan.videos.values() for code in video.targets}
    return [f"<results>/glossary/{language}.tsv" for language in targets]


def terms_settings(wildcards):
    """What shapes a proposed glossary, with the prompt's text and the model's folder."""
    settings = explained(plan.proposal, wildcards.language)
    if settings["backend"] == "ctranslate2":
        settings["model"] = model_folder("translate", settings["model"])
    return settings


def terms_translator_input(wildcards):
    """The folder of a local translation model that has to be fetched."""
    options = config["translate"]
    local = options["backend"] == "ctranslate2"
    return model_input("translate", options["model"]) if local else []


terms_gpus = int(
    config["translate"]["backend"] == "ctranslate2"
    and config["translate"]["device"] != "cpu"
)

translations = workflow.pathvars.apply("<resources>/translations")

kept_open = []
"""Files that stay open for as long as the run lasts."""


burns = config["embed"]["mode"] in ("burn", "both")
"""Whether text is drawn into pictures, which are encoded again."""


def embedding_gpus(wildcards):
    """A GPU where its encoder is asked for; for auto, where this host's driver has one at all."""
    encoder = config["embed"]["encoder"]
    wanted = encoder.endswith("nvenc") or (encoder == "auto" and driver_encodes())
    return int(burns and wanted)


choose_tracks = ("source_track", "bilingual")
embed_settings = {
    key: value for key, value in recipe["embed"].items() if key not in choose_tracks
}
"""What shapes an embedded video beside its tracks; a style file of one's own is read."""
if embed_settings["style"] not in ("auto", *BUILT_IN):
    embed_settings["style"] = explained(plan.text, embed_settings["style"])


def embedded_video(wildcards):
    """The video with its subtitles, where one is made."""
    if config["embed"]["mode"] == "none":
        return []
    ending = config["embed"]["container"]
    return [f"<results>/{wildcards.video}/{wildcards.video}.{ending}"]


def sidecars_of(wildcards):
    """The subtitle files that go beside a delivered video."""
    return [
        cues.removesuffix("json") + ending
        for cues in tracks_of(wildcards)
        for ending in config["delivery"]["sidecars"]
    ]


def delivery_name(wildcards):
    """Where a video goes below the delivery folder; None where only its download tells."""
    return deliveries[wildcards.video]


deliveries = delivery_names(plan.videos)
