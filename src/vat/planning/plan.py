"""What a run will do, known before anything runs: configuration, videos, and chunks of each."""

import gc
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from vat.errors import ConfigError
from vat.jobs.addresses import hide
from vat.jobs.given_files import read_given_text
from vat.languages import base
from vat.media.ffmpeg import ffmpeg_path
from vat.media.yt_dlp import Manners, read_cookies
from vat.planning.config import SHEET_ROW, complete, recipe
from vat.planning.existing import BESIDE, SubtitleFinder, Taken, told, with_language
from vat.planning.known_sources import Probes
from vat.planning.model_choice import Memory, choose_speech_model
from vat.planning.models import local_folder
from vat.planning.site_subtitles import ask_sites
from vat.planning.sources import Finder, Video, identity, is_url, locate
from vat.planning.torch_needs import do_without_torch
from vat.settings import AUTO
from vat.subtitles.track import BILINGUAL
from vat.timeline import count_chunks
from vat.translate.glossary import digest, glossary_names, read_terms
from vat.translate.ollama import ollama_models
from vat.translate.people import people_digest, people_names, read_people
from vat.translate.server_check import knock
from vat.translate.settings import (
    ESTIMATE,
    NO_KEY,
    SERVERS,
    address_of,
    check_prompt,
    check_server,
    prompts_of,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked configuration and the videos of the run.

    `recipe` is the part of `config` that shapes results. `chunks` has the number of chunks of
    each video; None where only the download will tell. `fingerprints` has what tells that a local
    video's file has changed; empty for a remote one. `said` is what people should know of the plan.
    `taken` are the subtitles of each video that exist and are used.
    """

    config: Mapping[str, Any]
    recipe: Mapping[str, Any]
    videos: Mapping[str, Video]
    chunks: Mapping[str, int | None]
    fingerprints: Mapping[str, str]
    seconds: Mapping[str, float | None]
    bases: Sequence[Path]
    said: str = ""
    taken: Mapping[str, Taken] = field(default_factory=dict)

    def model_folder(self, name: str, kind: str) -> str | None:
        """The absolute path of a model that lies in a local folder, None for a known name."""
        return local_folder(name, kind, self.bases)

    def text(self, name: str) -> str:
        """The content of a text file that the configuration names.

        Raises:
            ConfigError: where it cannot be read.
        """
        path = locate(name, self.bases)
        try:
            return read_given_text(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", error)
            raise ConfigError(f"The text file '{path}' cannot be read: {reason}.") from error

    def translation(self, video: str, target: str) -> dict[str, Any]:
        """What shapes the translation of a video: settings, texts of prompts, digest of terms."""
        options = self.recipe["translate"]
        shared = {"glossary": self._terms(video, target)}
        people = {"people": people_digest(read_people(self._here(self.people(video))))}
        if options["backend"] not in SERVERS:
            kept = ("backend", "model", "on_failure")
            return {key: options[key] for key in kept} | shared
        judged = options if options["estimate"] else _unjudged(options)
        return {**judged, **shared, **people, **self.prompts(prompts_of(options), target)}

    def check_translation(self) -> None:
        """See that every prompt and glossary is there and can be read.

        Raises:
            ConfigError: naming the first that is not.
        """
        options = self.config["translate"]
        if options["backend"] in SERVERS:
            for target in {code for video in self.videos.values() for code in video.targets}:
                self.prompts([*prompts_of(options), "overview"], target)
        if options["glossary"] is not None:
            tables = sorted(locate(options["glossary"], self.bases).glob("*.tsv"))
            people = [table for table in tables if f".{table.name}".endswith(".people.tsv")]
            read_people(people)
            read_terms(table for table in tables if table not in people)

    def prompts(self, names: Sequence[str], target: str) -> dict[str, Any]:
        """The texts of the prompts, and the notes on the style of a language, if there are any."""
        folder = self.config["translate"]["prompts"]
        codes = (target, base(target))
        styles = (f"{folder}/styles/{code}.txt" for code in codes)
        found = [name for name in styles if any((base / name).is_file() for base in self.bases)]
        texts = {name: self.text(f"{folder}/{name}.txt") for name in names}
        for name, text in texts.items():
            check_prompt(name, text)
        return {"prompts": texts, "style": self.text(found[0]) if found else ""}

    def made_with(self) -> tuple[dict[str, str], list[Path]]:
        """The texts of the prompts and styles by name, and the user's tables, of all videos."""
        options, found, tables = self.config["translate"], dict[str, str](), list[str]()
        asks = options["backend"] in SERVERS
        for video, target in ((one, code) for one in self.videos for code in self.translated(one)):
            tables += [*self.glossary(video, target), *self.people(video)]
            if asks and f"style {target}" not in found:
                texts = self.prompts([*prompts_of(options), "overview"], target)
                found |= {**texts["prompts"], f"style {target}": texts["style"]}
        return {name: text for name, text in found.items() if text}, self._here(
            dict.fromkeys(tables)
        )

    def proposal(self, target: str) -> dict[str, Any]:
        """What shapes the proposal of a glossary."""
        options = self.recipe["translate"]
        shared = {"glossary": self._terms(None, target)}
        prompts = self.prompts(["terms"] if options["backend"] in SERVERS else [], target)
        return {**_unjudged(options), **shared, **prompts}

    def first_reading(self) -> dict[str, Any]:
        """What shapes the overview of a video: the server, its model and the text of the prompt."""
        options = self.recipe["translate"]
        kept = ("backend", "model", "base_url", "temperature", "instructions")
        text = self.prompts(["overview"], "")["prompts"]
        return {**{key: options[key] for key in kept}, "prompts": text}

    def glossary(self, video: str | None, target: str) -> list[str]:
        """The glossaries that concern a video, or all of them; those for all videos first."""
        return self._tables(glossary_names(video, target))

    def people(self, video: str | None) -> list[str]:
        """The tables of people that concern a video, or all of them; that for all videos first."""
        return self._tables([name] for name in people_names(video))

    def _tables(self, choices: Iterable[Sequence[str]]) -> list[str]:
        """Of each choice, the first file that exists in the glossary folder.

        Paths are relative to the working directory where they lie in it, so that it may be moved.
        """
        name = self.config["translate"]["glossary"]
        if name is None:
            return []
        folder = locate(name, self.bases)
        there = (
            [folder / name for name in names if (folder / name).is_file()] for names in choices
        )
        return [identity(files[0], self.bases[:1]) for files in there if files]

    def _here(self, files: Iterable[str]) -> list[Path]:
        return [self.bases[0] / file for file in files]

    def _terms(self, video: str | None, target: str) -> str:
        """A digest of the terms that concern a video, or all of them."""
        return digest(read_terms(self._here(self.glossary(video, target))))

    def source(self, video: str) -> str:
        """Where a video comes from: its URL, without secrets, or path.

        The path is relative to the folder under which everything is written where the video lies
        in it, so that the whole folder can be moved.
        """
        record = self.videos[video]
        here = self.bases[0]
        if record.remote:
            return hide(record.source)
        inside = Path(record.source).is_relative_to(here)
        return str(Path(record.source).relative_to(here)) if inside else record.source

    def languages(self, video: str) -> list[str]:
        """The languages in which a video gets subtitles under their own code."""
        record = self.videos[video]
        wanted = list(record.targets)
        if self.config["translate"]["backend"] == "none":
            foreign = self.translated(video)
            wanted = [code for code in wanted if code not in foreign]
        spoken = [] if record.is_detected else [record.language]
        return list(dict.fromkeys([*wanted, *spoken]))

    def has(self, video: str, track: str) -> bool:
        """Whether a track of a video is taken from subtitles that exist."""
        return video in self.taken and track in self.taken[video].tracks

    def translated(self, video: str) -> set[str]:
        """The languages that a translator is asked for."""
        foreign = self.videos[video].foreign_targets
        return {code for code in foreign if not self.has(video, code)}

    def targets(self, video: str) -> list[str]:
        """Those of a video's languages that it is to be translated into."""
        return [code for code in self.languages(video) if code in self.videos[video].targets]

    def tracks(self, video: str) -> list[str]:
        """What is embedded into a video, in this order; "source" is the spoken language.

        A track of two languages is called by both, the upper one first: "zh+source".

        Raises:
            ConfigError: where it is to have a language in which the video gets no subtitles.
        """
        record = self.videos[video]
        targets = self.targets(video)
        spoken = self.config["embed"]["source_track"] or not targets
        single = [*targets, *(["source"] if spoken and record.language not in targets else [])]
        single += [track for track in self._taken_beside(video) if track not in single]
        pair = self.config["embed"]["bilingual"]
        for code in pair:
            if code not in ("source", *self.languages(video)):
                raise ConfigError(
                    f"embed.bilingual names {code}, but '{record.source}' gets subtitles in"
                    f" {', '.join(['source', *self.languages(video)])} only; name two of these."
                )
        return [*(["+".join(pair)] if pair else []), *single]

    def _taken_beside(self, video: str) -> list[str]:
        taken = self.taken[video].tracks if video in self.taken else {}
        return [track for track in taken if track.startswith(BESIDE)]

    def check_embedding(self) -> None:
        """See that every video can have its tracks, and that what is burned in is one of them.

        Raises:
            ConfigError: naming the first video that cannot, or the folder of fonts that is missing.
        """
        for video in self.videos:
            self.tracks(video)
        options = self.config["embed"]
        if options["mode"] not in ("burn", "both"):
            return
        fonts = options["fonts"]
        if fonts is not None and not (self.bases[0] / Path(fonts).expanduser()).is_dir():
            raise ConfigError(f"The folder '{fonts}' does not exist; correct embed.fonts.")
        if options["burn_language"] is not None:
            for video in self.videos:
                self._check_burnt(video, options["burn_language"])

    def _check_burnt(self, video: str, wanted: str) -> None:
        """See that a video has the track `wanted`; one of an unknown language may be any."""
        record = self.videos[video]
        names = [BILINGUAL if "+" in name else name for name in self.tracks(video)]
        spoken = [record.language] if "source" in names else []
        if wanted in (*names, *spoken) or (record.is_detected and spoken and wanted != BILINGUAL):
            return
        if wanted in ("source", record.language) and record.language not in names:
            way_out = "set embed.source_track to true"
        else:
            way_out = f"name one of: {', '.join(names)}"
        raise ConfigError(
            f"embed.burn_language is {wanted}, but '{record.source}' has no such track; {way_out}."
        )


def _unjudged(options: Mapping[str, Any]) -> dict[str, Any]:
    """What shapes translations that nobody judges: not how that would be done."""
    return {key: value for key, value in options.items() if key not in ESTIMATE}


def make_plan(
    config: Mapping[str, Any],
    *,
    root: Path,
    here: Path,
    skip: Sequence[Path],
    renew: bool = True,
    gpu_mb: Memory | None = None,
    deployed: bool = False,
) -> Plan:
    """Check `config`, find the videos, and count their chunks.

    `root` is the folder of the Snakefile, `here` the one under which everything is written;
    nothing below the folders `skip` is taken for a video. Without `renew`, as in the jobs of a
    cluster, folders, files and playlists are taken for what the run has found there. `gpu_mb` tells
    of the GPUs on which the run's jobs run, None where that is on other hosts; `deployed` jobs have
    environments of their own.

    Raises:
        ConfigError, SourceError: one sentence about what is wrong.
    """
    full = _checked(config, own=bool(renew and gpu_mb and not deployed))
    download = full["download"]
    manners = Manners(download["cookies"], download["max_mb"], download["private_addresses"])
    probes = Probes(here / ".snakemake" / "vat" / "sources.json", renew, manners)
    bases = (here, root)
    videos = Finder(full, SHEET_ROW, bases, skip, probes.entries, probes.listing).find()
    if renew and any(video.remote for video in videos.values()):
        read_cookies(download["cookies"])
    _hide_secrets(full)
    said = _choose_model(full, probes, gpu_mb)
    chunks: dict[str, int | None] = dict.fromkeys(videos)
    fingerprints = dict.fromkeys(videos, "")
    seconds: dict[str, float | None] = dict.fromkeys(videos)
    sites = ask_sites(full["subtitles"]["sites"], probes, videos.values())
    finder, taken = SubtitleFinder(full, bases, probes, sites), dict[str, Taken]()
    for slug, video in videos.items():
        if not video.remote:
            fingerprints[slug], seconds[slug] = probes.video(video.source)
            chunks[slug] = count_chunks(seconds[slug] or 0.0, full["split"]["chunk_seconds"])
        taken[slug] = finder.take(video, fingerprints[slug], seconds[slug] or 0.0)
        videos[slug] = with_language(video, taken[slug])
    probes.save()
    missed = [] if deployed or find_spec("torch") else do_without_torch(videos, taken, full)
    said += [*told(taken), *missed]
    facts = (chunks, fingerprints, seconds, bases, "\n".join(said), taken)
    plan = Plan(full, recipe(full), videos, *facts)
    plan.check_translation()
    plan.check_embedding()
    return plan


def _choose_model(config: dict[str, Any], probes: Probes, gpu_mb: Memory | None) -> list[str]:
    """Put a model for `asr.model: auto`, and say so."""
    if config["asr"]["model"] != AUTO:
        return []
    config["asr"]["model"] = choose_speech_model(config, probes, gpu_mb)
    return [f"Speech is recognised by {config['asr']['model']} (asr.model: auto)."]


def _checked(config: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """The whole configuration, with the server's address; `own` jobs run here, with this ffmpeg."""
    full = complete(config)
    full["translate"]["base_url"] = address_of(full["translate"])
    check_server(full)
    if own:
        ffmpeg_path(full["ffmpeg"])
    if len(full["embed"]["bilingual"]) == 1:
        raise ConfigError("embed.bilingual names one language; name two, or none.")
    return full


def _hide_secrets(config: dict[str, Any]) -> None:
    """Mask the addresses of a configuration, which Snakemake writes into what it runs."""
    named = config["videos"]
    entries = [named] if isinstance(named, str) else named
    shown = [hide(entry) if is_url(entry) else entry for entry in entries]
    config["videos"] = shown[0] if isinstance(named, str) else shown
    server = config["translate"]["base_url"]
    if server:
        # Not by its key: a new one must not make anything be translated again.
        config["translate"]["base_url"] = hide(server, one_of_many=False)


def collect_garbage_rarely() -> None:
    """Look through this process's objects for garbage more rarely than Python does by itself.

    Planning a thousand videos makes millions of objects, nearly all of which stay: a tenth of the
    whole time would go into looking through them.
    """
    gc.set_threshold(100_000, 20, 20)


ASKING: Final = frozenset({"overview", "translate", "propose_terms", "propose_people"})
"""Rules whose jobs ask the translator."""


def check_translator(plan: Plan, rules: Collection[str]) -> None:
    """Where one of a run's rules asks a server, see that it is there and takes the key.

    Raises:
        ConfigError: where OPENAI_API_KEY is needed and not set.
        TranslationError: where the server cannot be reached or refuses the key.
    """
    if not ASKING.isdisjoint(rules) and check_api_key(plan):
        knock(plan.config["translate"])


def check_api_key(plan: Plan) -> bool:
    """Make sure that there is a translator before any work is done: a key, an address or an Ollama.

    A video that speaks its target needs none, nor does Chinese in another form of writing. Whether
    a server is asked at all.

    Raises:
        ConfigError: where OPENAI_API_KEY is needed and not set.
    """
    options = plan.config["translate"]
    if options["backend"] not in SERVERS or not any(map(plan.translated, plan.videos)):
        return False
    keyed = options["base_url"] or os.environ.get("OPENAI_API_KEY", "").strip()
    if not keyed and (options["backend"] != "auto" or not ollama_models()):
        raise ConfigError(NO_KEY)
    return True
