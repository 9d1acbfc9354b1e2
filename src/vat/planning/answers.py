"""What each rule asks of the plan: a job's inputs, params and resources, one method a question.

Paths hold Snakemake's variables, such as <results>, where they are inputs or outputs; where they
are params, which Snakemake takes as they are, they are whole.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from vat.embed.encoders import driver_encodes
from vat.embed.settings import COVER
from vat.languages import is_rewritten
from vat.planning.delivery_names import delivery_names
from vat.planning.edits import SPOKEN
from vat.planning.english_models import check_language
from vat.planning.forecast_answers import ForecastAnswers
from vat.planning.models import check_fetched, folder_name
from vat.planning.plan import Plan, check_translator
from vat.planning.report_answers import ReportAnswers
from vat.planning.sources import Video, locate
from vat.planning.speaker_answers import SpeakerAnswers
from vat.planning.track_answers import TrackAnswers
from vat.planning.voice_encoder import voice_encoder
from vat.subtitles.styles import AUTO, BUILT_IN
from vat.translate.settings import SERVERS
from vat.translate.spending import begin_run


class Wildcards(Protocol):
    """A job's wildcards: `video`, and `language` or `chunk` where its rule has them."""

    @property
    def video(self) -> str:
        """The slug of the job's video."""

    @property
    def language(self) -> str:
        """The code of the job's language."""


Amount = Callable[[Wildcards, int], int]
"""A resource by a job's wildcards and its attempt, which counts from 1."""

_TRACK_CHOICES: Final = ("source_track", "bilingual")
"""Settings of `embed` that choose its inputs and shape nothing besides."""

_OTHER_RULES: Final = {"merge": ("shot_changes", "word_times")}
"""Settings of a section that choose which other rules run."""


def grown(amount: int) -> Amount:
    """MB or minutes of a job; each attempt asks for all of it once more."""

    def answer(wildcards: Wildcards, attempt: int) -> int:
        return amount * attempt

    return answer


class Answers(TrackAnswers, ForecastAnswers, ReportAnswers, SpeakerAnswers):
    """The answers for one plan.

    `results` and `resources` are the paths of these folders. What a wrong configuration could spoil
    is looked up at once, so that it is said before anything runs.

    Raises:
        ConfigError: where the folder of a model or a style's file is missing, where the speech
            model does not know the language of a video, and where speakers are to be found
            without a voice encoder.
    """

    def __init__(self, plan: Plan, results: str, resources: str) -> None:
        self._plan, self._resources = plan, resources
        self._config, self._recipe = plan.config, plan.recipe
        self._names = delivery_names(plan.videos)
        videos = len(plan.videos)
        self._priorities = {video: videos - place for place, video in enumerate(plan.videos)}
        translate = self._config["translate"]
        self._translates_here = translate["backend"] == "ctranslate2"
        uses = {
            "asr": ("asr", self._config["asr"]["model"]),
            "detector": ("asr", self._config["split"]["language_model"]),
            "separator": ("separate", self._config["separate"]["model"]),
        }
        if self._translates_here:
            uses["translator"] = ("translate", translate["model"])
        self._uses = self.uses = uses
        self._local = {use: plan.model_folder(name, kind) for use, (kind, name) in uses.items()}
        heard = (one for name, one in plan.videos.items() if not plan.has(name, SPOKEN))
        spoken = (code for one in heard for code in one.languages or [one.language])
        check_language(self._config["asr"]["model"], self._local["asr"], spoken)

        self.voice_encoder = voice_encoder(self._config["speakers"])
        self.asr_gpus = self._gpus_of("asr")
        self.terms_gpus = self._gpus_of("translate") if self._translates_here else 0
        self.burns = self._config["embed"]["mode"] in ("burn", "both")
        self.embed_settings = self._embed_settings()
        self.delivery_folder = f"{results}/delivery"
        self.translations = f"{resources}/translations"
        self.before_all = videos + 1
        self.results, self.resources, self._results = results, resources, Path(results)
        self._find_edits(Path(results))

    def begin(self, rules: Collection[str] = ()) -> TextIO:
        """See what has to be right before any work is done, and note that a run begins.

        The run lasts for as long as the file that is returned is open; it is kept here, too.
        `rules` are those of the jobs to come.

        Raises:
            ConfigError: where a job asks a translator whose key is missing.
            TranslationError: where its server cannot be reached or refuses the key.
            ModelError: where a model has other weights than those that were fetched.
        """
        check_translator(self._plan, rules)
        self._check_models()
        self.adopt_edits()
        self._run = begin_run(self.translations)
        return self._run

    def settings(self, section: str) -> Any:
        """The settings of a section that shape results."""
        others = _OTHER_RULES.get(section, ())
        return {key: one for key, one in self._recipe[section].items() if key not in others}

    # What the run makes.

    def finished(self, wildcards: Wildcards) -> list[str]:
        """The last file of every chain."""
        videos = self.shown_videos
        delivered = [f"<results>/{video}/delivery.json" for video in videos]
        return [
            *(delivered if self._config["delivery"]["how"] != "none" else []),
            *(path for video in videos for path in self._embedded(video)),
            *(path for video in videos for path in self._subtitles(video)),
        ]

    def _subtitles(self, video: str) -> list[str]:
        """The subtitles of a video's targets, and those of the spoken language, as source."""
        languages = [*self._plan.targets(video), SPOKEN]
        generated = [f"<results>/{video}/subtitles/{language}.srt" for language in languages]
        tracks = [self._track(video, language) for language in languages]
        edited = [track.removesuffix("json") + "srt" for track in tracks if "/edited/" in track]
        return [*generated, *edited, *self.word_files(video)]

    def priority(self, wildcards: Wildcards) -> int:
        """All jobs of an earlier video go before those of later ones, so that it is done first."""
        return self._priorities.get(wildcards.video, 0)

    # Where a video comes from.

    def _video(self, wildcards: Wildcards) -> Video:
        return self._plan.videos[wildcards.video]

    def source(self, wildcards: Wildcards) -> str:
        """Where a video comes from: its URL or path."""
        return self._plan.source(wildcards.video)

    def fingerprint(self, wildcards: Wildcards) -> str:
        """What tells that a local video's file has changed."""
        return self._plan.fingerprints[wildcards.video]

    def remote(self, wildcards: Wildcards) -> bool:
        """Whether a video has to be fetched."""
        return self._video(wildcards).remote

    def title(self, wildcards: Wildcards) -> str | None:
        """What the user calls a video, where a sheet says so."""
        return self._video(wildcards).title

    def audio_track(self, wildcards: Wildcards) -> int | None:
        """Which audio track is transcribed; None for the container's default."""
        return self._video(wildcards).audio_track

    def language(self, wildcards: Wildcards) -> str:
        """The spoken language, "auto" or "multi"."""
        return self._video(wildcards).language

    def possible_languages(self, wildcards: Wildcards) -> Sequence[str]:
        """Those of which each stretch of speech is one; none if any may be, or only one is."""
        return self._video(wildcards).languages

    def format(self, wildcards: Wildcards) -> str | None:
        """What to fetch of a remote video; a local one does not depend on it."""
        wanted: str = self._recipe["download"]["format"]
        return wanted if self.remote(wildcards) else None

    def chunks(self, wildcards: Wildcards) -> int | None:
        """How many chunks a video has; None where only its download tells."""
        return self._plan.chunks[wildcards.video]

    def words(self, wildcards: Wildcards, chunks: int) -> list[str]:
        """The words of that many chunks."""
        folder = f"<results>/{wildcards.video}/words"
        return [f"{folder}/{chunk:04d}.json" for chunk in range(1, chunks + 1)]

    # Models.

    def model(self, use: str) -> str | None:
        """Where the model for a use lies: asr, detector, separator or translator.

        That is the folder that the configuration names, or the one to which it is fetched; None for
        a translator on a server.
        """
        if use not in self._uses:
            return None
        kind, name = self._uses[use]
        return self._local[use] or f"{self._resources}/models/{kind}/{folder_name(name)}"

    def models(self) -> dict[str, str]:
        """The folders of all models that are used, by their use; the voice encoder is a file."""
        found = {use: folder for use in self._uses if (folder := self.model(use))}
        return {**found, "voices": self.voice_encoder} if self.voice_encoder else found

    def _check_models(self) -> None:
        for use, (kind, name) in self._uses.items():
            folder = Path(self.model(use) or "")
            if not self._local[use] and folder.is_dir():
                check_fetched(kind, name, folder)

    def fetched(self, use: str) -> str | list[str]:
        """The folder to which the model for a use is fetched, where it has to be."""
        if use not in self._uses or self._local[use]:
            return []
        kind, name = self._uses[use]
        return f"<resources>/models/{kind}/{folder_name(name)}"

    def fetched_separator(self, wildcards: Wildcards) -> str | list[str]:
        """The separation model, where the video's speech is separated at all."""
        return self.fetched("separator") if self.separates(wildcards) else []

    def fetched_detector(self, wildcards: Wildcards) -> str | list[str]:
        """The model that detects the language, where it is not configured."""
        return self.fetched("detector") if self._video(wildcards).is_detected else []

    def fetched_judge(self, wildcards: Wildcards) -> str | list[str]:
        """The model that hears whether separation helps, where that is to be found out."""
        return self.fetched("detector") if self.separation(wildcards) == "auto" else []

    def fetched_translator(self, wildcards: Wildcards) -> str | list[str]:
        """A translation model, where the language is not the spoken one."""
        return self.fetched("translator") if self._is_translated(wildcards) else []

    # GPUs, and their memory in MB.

    def asr_gpu_mem_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """GPU memory of a job that recognises speech."""
        return self._gpu_mem_mb("asr", self.asr_gpus, attempt)

    def asr_work(self, wildcards: Wildcards) -> str:
        """What decides how much GPU memory recognition takes: model, compute type and batch."""
        options = self._config["asr"]
        return f"{options['model']} {options['compute_type']} {options['batch_size']}"

    def separation(self, wildcards: Wildcards) -> bool | str:
        """Whether the video's speech is separated from everything else; "auto" if a trial tells."""
        return self._video(wildcards).separate

    def separates(self, wildcards: Wildcards) -> bool:
        """Whether the video's speech is separated from everything else, or may be."""
        return self.separation(wildcards) is not False

    def separation_gpus(self, wildcards: Wildcards) -> int:
        """A GPU where the video's speech is separated and the CPU is not asked for."""
        return self._gpus_of("separate") if self.separates(wildcards) else 0

    def separation_gpu_mem_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """GPU memory of a separation."""
        return self._gpu_mem_mb("separate", self.separation_gpus(wildcards), attempt)

    def separation_worker(self, wildcards: Wildcards) -> str:
        """The kind of worker that separates speech, where it is separated at all."""
        return "separate" if self.separates(wildcards) else "none"

    def translation_gpus(self, wildcards: Wildcards) -> int:
        """A GPU for a local model, unless the CPU is asked for."""
        return self.terms_gpus if self._is_translated(wildcards) else 0

    def translation_gpu_mem_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """GPU memory of a translation."""
        return self._gpu_mem_mb("translate", self.translation_gpus(wildcards), attempt)

    def terms_gpu_mem_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """GPU memory of a proposed glossary."""
        return self._gpu_mem_mb("translate", self.terms_gpus, attempt)

    def embedding_gpus(self, wildcards: Wildcards) -> int:
        """A GPU where its encoder is asked for; for auto, where this host's driver has one."""
        encoder = self._config["embed"]["encoder"]
        wanted = encoder.endswith("nvenc") or (encoder == "auto" and driver_encodes())
        return int(self.burns and wanted)

    def embedding_gpu_mem_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """GPU memory of an encoder."""
        return self._gpu_mem_mb("embed", self.embedding_gpus(wildcards), attempt)

    # Translation.

    def _is_translated(self, wildcards: Wildcards) -> bool:
        """Whether a language needs a translator; another form of the configured one does not."""
        return not is_rewritten(self.language(wildcards), wildcards.language)

    def translation_mem_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """Memory of a translation: a local model is read through it, a server's is elsewhere."""
        local = self._translates_here and self._is_translated(wildcards)
        return (1000 + (self._known_gpu_mem_mb("translate") if local else 1000)) * attempt

    def terms_mem_mb(self, wildcards: Wildcards, attempt: int) -> int:
        """Memory of a proposed glossary."""
        return (1000 + self._known_gpu_mem_mb("translate")) * attempt

    def translation_settings(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """What shapes a translation, prompts and terms included; None where none is needed."""
        if not self._is_translated(wildcards):
            return None
        settings = self._plan.translation(wildcards.video, wildcards.language)
        return self._with_model(settings)

    def terms_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """What shapes a proposed glossary, the prompt's text included."""
        return self._with_model(self._plan.proposal(wildcards.language))

    def _with_model(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings with the folder of the model instead of its name."""
        return settings | {"model": self.model("translator") or settings["model"]}

    def glossaries(self, wildcards: Wildcards) -> Sequence[str]:
        """The user's glossaries; their content counts (a param), not when they were saved."""
        translated = self._is_translated(wildcards)
        return self._plan.glossary(wildcards.video, wildcards.language) if translated else []

    def is_read_first(self, wildcards: Wildcards) -> bool:
        """Whether a server's model reads a video's transcript before it is translated."""
        options = self._config["translate"]
        asked = options["backend"] in SERVERS and options["overview"]
        return asked and self._is_translated(wildcards)

    def overview(self, wildcards: Wildcards) -> list[str]:
        """What a video is about and who is in it, where a model is asked."""
        return ["<results>/{video}/overview.json"] if self.is_read_first(wildcards) else []

    def overview_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """What shapes the overview of a video."""
        return self._plan.first_reading()

    def people(self, wildcards: Wildcards) -> Sequence[str]:
        """The user's tables of people; their content counts, not when they were saved."""
        return self._plan.people(wildcards.video) if self._is_translated(wildcards) else []

    def common_glossaries(self, wildcards: Wildcards) -> Sequence[str]:
        """The user's glossary for all videos; its terms are not proposed again."""
        return self._plan.glossary(None, wildcards.language)

    def proposed_glossaries(self, wildcards: Wildcards) -> list[str]:
        """One glossary for every language that any video is translated into."""
        videos = self._plan.videos
        targets = {code: None for one in videos for code in videos[one].targets}
        return [f"<results>/glossary/{language}.tsv" for language in targets]

    def all_overviews(self, wildcards: Wildcards) -> list[str]:
        """What a server's model finds in every video that is translated."""
        options, videos = self._config["translate"], self._plan.videos
        asked = options["backend"] in SERVERS and options["overview"]
        found = [one for one in videos if self._plan.translated(one)]
        return [f"<results>/{video}/overview.json" for video in found if asked]

    def proposed_people(self, wildcards: Wildcards) -> list[str]:
        """One table of the people in all videos, where a model looks for them."""
        return ["<results>/glossary/people.tsv"] if self.all_overviews(wildcards) else []

    # The finished video.

    def _embed_settings(self) -> dict[str, Any]:
        """What shapes an embedded video beside its tracks; a style file of one's own is read."""
        settings = {
            key: value for key, value in self._recipe["embed"].items() if key not in _TRACK_CHOICES
        }
        if settings["style"] not in (AUTO, *BUILT_IN):
            settings["style"] = self._plan.text(settings["style"])
        if settings["still"] not in (None, COVER):
            settings["still"] = str(locate(settings["still"], self._plan.bases))
        return settings

    def embedded_video(self, wildcards: Wildcards) -> list[str]:
        """The video with its subtitles, where one is made."""
        return self._embedded(wildcards.video)

    def _embedded(self, video: str) -> list[str]:
        """The same by the video; none is made of a sound file without a still picture."""
        embed = self._config["embed"]
        shown = embed["still"] or not self._plan.videos[video].is_sound
        made = embed["mode"] != "none" and shown
        return [f"<results>/{video}/{video}.{embed['container']}"] if made else []

    def delivery_name(self, wildcards: Wildcards) -> str | None:
        """Where a video goes below the delivery folder; None where only its download tells."""
        return self._names[wildcards.video]
