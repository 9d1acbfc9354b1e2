"""What shapes a translation, and with what it is made."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from vat.errors import ConfigError
from vat.jobs.addresses import SECRET_NAME, is_address
from vat.jobs.device import resolve
from vat.settings import DEVICES, Text, means, setting

PLACEHOLDERS: Final = (
    "source_language",
    "target_language",
    "max_columns",
    "instructions",
    "style",
    "answer",
)
"""What a prompt may hold, each after a dollar sign."""

ESTIMATE: Final = ("estimate", "estimate_share", "estimate_candidates")
"""The keys that say nothing where the first one is false."""

REFUSED_ADDRESS: Final = (
    "translate.base_url (or OPENAI_BASE_URL) holds a user name, password or key; take it out of the"
    " address and put a key into the environment variable OPENAI_API_KEY."
)
"""Said of an address with a secret: logs and metadata show all of it."""

SERVERS: Final = ("auto", "openai")
"""The backends that ask a server."""

NO_KEY: Final = (
    "The environment variable OPENAI_API_KEY is not set and no Ollama runs here, so nothing can"
    " translate: set the variable to the key of a server; or run a model here by 'ollama run"
    " qwen3', which is found by itself; or set translate.backend to ctranslate2 and"
    " translate.model to a local model of docs/translation.md."
)
"""Said where no translator is set up: the three ways to have one."""

NO_ADDRESS: Final = (
    "translate.base_url is no address of a server; it begins with http:// or https:// and often"
    " ends with /v1."
)
_SECRET_PATH: Final = re.compile("(?:^|/)sk-")
"""How keys begin."""


# Without slots, which would hide the defaults: the classes below take their defaults from here.
@dataclass(frozen=True)
class TranslateSection:
    """The keys of the configuration's `translate` section, where prompts and terms are folders."""

    backend: str = setting(
        "auto",
        "openai: any server with OpenAI's chat interface. ctranslate2: a local model (NLLB,"
        " M2M100, MADLAD, OPUS-MT). none: no translation. auto: as openai where there is a key or"
        " an address, else by an Ollama on this machine.",
        enum=(*SERVERS, "ctranslate2", "none"),
    )
    base_url: str | None = setting(
        None,
        "Address of the server, such as http://localhost:11434/v1, or null for that in"
        " OPENAI_BASE_URL, else OpenAI's own. The key comes from OPENAI_API_KEY.",
    )
    model: Text = setting(
        "gpt-4.1-mini",
        "openai: the model's name on the server. ctranslate2: a folder, or owner/name of a"
        " converted model on the Hugging Face hub.",
    )
    device: str = means(
        "auto",
        "Where a ctranslate2 model runs; auto takes a GPU where there is one.",
        enum=DEVICES,
    )
    gpu_mem_mb: int | None = means(
        None,
        "GPU memory that one ctranslate2 job asks for, in MB, or null to take it from the size of"
        " the model.",
        minimum=0,
        maximum=10_000_000,
    )
    batch_size: int = setting(
        30,
        "How many subtitles are asked for at once; sentences are never parted.",
        minimum=1,
        maximum=10_000,
    )
    context: int = setting(
        3,
        "How many subtitles before and after a sentence are shown to the model as context.",
        minimum=0,
        maximum=1000,
    )
    temperature: float | None = setting(
        None, "Sampling temperature, or null for the server's own.", minimum=0, maximum=2
    )
    instructions: str = setting(
        "", "Wishes for the translation in plain words (tone, names), or an empty text."
    )
    prompts: Text = setting(
        "config/prompts",
        "Folder with the prompts (translate.txt, review.txt, estimate.txt, refine.txt, shorten.txt,"
        " overview.txt, terms.txt) and styles/{language}.txt, notes on each target language. Each"
        " file is looked for in the working directory, then beside the Snakefile.",
    )
    glossary: Text | None = setting(
        None,
        "Folder with glossaries, or null: {language}.tsv for all videos, {video}.{language}.tsv"
        " for one; tab-separated columns source, target, note. And with people: people.tsv for all"
        " videos, {video}.people.tsv for one; columns name, gender, note.",
    )
    overview: bool = setting(
        True,
        "Whether a server's model reads the whole transcript first, once per video, and every batch"
        " is told what the video is about and who is in it; openai and auto only.",
    )
    echo: bool = setting(
        True,
        "Whether the model repeats the first words of each subtitle, which proves that no"
        " translation has moved to another. false for small models that cannot.",
    )
    review: bool = setting(
        False,
        "Whether every translation is reviewed in a second pass (draft, critique, final), at about"
        " twice the price.",
    )
    estimate: bool = setting(
        False,
        "Whether the model judges every translated sentence, and only those with grave errors are"
        " translated again; openai and auto only.",
    )
    estimate_share: float = setting(
        0.2,
        "estimate: the largest share of a video's sentences that are translated again, the worst"
        " first.",
        minimum=0,
        maximum=1,
    )
    estimate_candidates: int = setting(
        3,
        "estimate: how many translations of such a sentence are made at most, of which the best"
        " that can be read in its time is taken.",
        minimum=1,
        maximum=20,
    )
    shorten: bool = setting(
        True,
        "Whether a translation that cannot be read in its time is asked for once in a shorter"
        " form.",
    )
    memory: bool = setting(
        True,
        "Whether a sentence that was translated before, in any video, is translated the same way"
        " whatever stands around it.",
    )
    on_failure: str = setting(
        "fail",
        "A subtitle that cannot be translated fails the job (fail), or keeps its source text"
        " behind the mark [?] (keep-source-and-mark).",
        enum=("fail", "keep-source-and-mark"),
    )
    timeout_seconds: float = means(
        120, "How long one answer may take.", minimum=0.01, maximum=86_400
    )
    attempts: int = means(
        4,
        "How often a subtitle is asked for alone before the job fails by its number.",
        minimum=1,
        maximum=1000,
    )
    concurrency: int = means(
        4, "How many requests a job has under way at once.", minimum=1, maximum=1000
    )
    requests_per_minute: float | None = means(
        None,
        "Most requests per minute to the server, of all jobs together, or null for no limit.",
        minimum=0.01,
        maximum=10**9,
    )
    tokens_per_minute: float | None = means(
        None,
        "Most tokens per minute to and from the server, of all jobs together, or null for no"
        " limit.",
        minimum=1,
        maximum=10**12,
    )
    input_price: float | None = means(
        None,
        "Price of a million input tokens, in any currency, or null where it is not known.",
        minimum=0,
        maximum=10**9,
    )
    output_price: float | None = means(
        None,
        "Price of a million output tokens, or null where it is not known.",
        minimum=0,
        maximum=10**9,
    )
    max_cost: float | None = means(
        None,
        "Most that one run may spend, in the currency of the prices, or null for no limit.",
        minimum=0,
        maximum=10**12,
    )


@dataclass(frozen=True, slots=True)
class TranslateSettings:
    """What shapes a translation: the recipe of `TranslateSection`, with texts in place of folders.

    `prompts` holds the texts of the prompts by name, `style` the notes on the target language,
    `glossary` and `people` digests of the user's tables, and `model` the name on a server or the
    folder of a local one.
    """

    backend: str
    model: str
    base_url: str | None = TranslateSection.base_url
    batch_size: int = TranslateSection.batch_size
    context: int = TranslateSection.context
    temperature: float | None = TranslateSection.temperature
    instructions: str = TranslateSection.instructions
    prompts: Mapping[str, str] = field(default_factory=dict)
    style: str = ""
    glossary: str = ""
    people: str = ""
    overview: bool = TranslateSection.overview
    echo: bool = TranslateSection.echo
    review: bool = TranslateSection.review
    estimate: bool = TranslateSection.estimate
    estimate_share: float = TranslateSection.estimate_share
    estimate_candidates: int = TranslateSection.estimate_candidates
    shorten: bool = TranslateSection.shorten
    memory: bool = TranslateSection.memory
    on_failure: str = TranslateSection.on_failure

    @property
    def asks_server(self) -> bool:
        """Whether a server translates."""
        return self.backend in SERVERS

    @property
    def is_local(self) -> bool:
        """Whether a model is run here, and no server asked."""
        return self.backend == "ctranslate2"


@dataclass(frozen=True, slots=True)
class Means:
    """With what a translation is made; nothing here changes its words.

    `folder` keeps answers, limits and spending of all jobs, None keeps nothing. `name` says what is
    translated, such as a video and a language. Limits are per minute, prices per million tokens,
    `max_cost` is in the currency of the prices; None is no limit, or no known price.
    """

    device: str = "cpu"
    threads: int = 1
    timeout_seconds: float = TranslateSection.timeout_seconds
    attempts: int = TranslateSection.attempts
    concurrency: int = TranslateSection.concurrency
    requests_per_minute: float | None = TranslateSection.requests_per_minute
    tokens_per_minute: float | None = TranslateSection.tokens_per_minute
    input_price: float | None = TranslateSection.input_price
    output_price: float | None = TranslateSection.output_price
    max_cost: float | None = TranslateSection.max_cost
    folder: Path | None = None
    name: str = ""


def means_of(
    options: Mapping[str, Any],
    settings: TranslateSettings | None,
    threads: int,
    folder: str | Path,
    name: str,
) -> Means:
    """The means that a configuration's `translate` section names, and those given here.

    Only a local model has a device; a server is asked from the CPU.

    Raises:
        DeviceError: where a GPU is asked for and none is visible.
    """
    keys = [one.name for one in fields(Means) if one.name in options]
    chosen = {key: options[key] for key in keys if key != "device"}
    device = resolve(options["device"]) if settings and settings.is_local else "cpu"
    return Means(device, threads, folder=Path(folder), name=name, **chosen)


def prompts_of(options: Mapping[str, Any]) -> list[str]:
    """The names of the prompts that a translation uses."""
    asked = {"review": "review", "estimate": "estimate", "refine": "estimate", "shorten": "shorten"}
    return ["translate", *(name for name, option in asked.items() if options[option])]


def check_prompt(name: str, text: str) -> None:
    """See that a prompt has no other placeholders than are known.

    Raises:
        ConfigError: naming the prompt and what it may have.
    """
    prompt = Template(text)
    if not prompt.is_valid() or not set(prompt.get_identifiers()) <= set(PLACEHOLDERS):
        raise ConfigError(
            f"The prompt {name}.txt has a wrong placeholder; it may have:"
            f" {', '.join('$' + one for one in PLACEHOLDERS)} ($$ is a dollar sign)."
        )


def address_of(options: Mapping[str, Any]) -> str | None:
    """The address of the server that the `translate` section or the environment names.

    None stands for OpenAI's own. The variable OPENAI_BASE_URL is that of OpenAI's client.
    """
    named: str | None = options["base_url"]
    if options["backend"] not in SERVERS:
        return named
    return named or os.environ.get("OPENAI_BASE_URL", "").strip() or None


def address_fault(address: str) -> str:
    """What is wrong with the address of a server, in a sentence without it; empty for nothing."""
    if "@" in address or "#" in address:
        return REFUSED_ADDRESS
    try:
        parts = urlsplit(address)
    except ValueError:
        return NO_ADDRESS
    fields = f"{parts.query}&{parts.path.partition(';')[2]}"
    names = (name.lower() for name, _ in parse_qsl(fields, keep_blank_values=True))
    if any(map(SECRET_NAME.search, names)) or _SECRET_PATH.search(parts.path):
        return REFUSED_ADDRESS
    whole = is_address(address) and address.isprintable() and " " not in address
    return "" if parts.scheme in ("http", "https") and whole else NO_ADDRESS


def check_server(config: Mapping[str, Any]) -> None:
    """See that a limit on cost can be kept, and that no secret would get into logs.

    Raises:
        ConfigError: where there is a limit and a price is missing, or the address is none or has a
            secret.
    """
    options = config["translate"]
    fault = address_fault(options["base_url"]) if options["base_url"] else ""
    if fault:
        raise ConfigError(fault)
    priced = None not in (options["input_price"], options["output_price"])
    if options["max_cost"] is not None and not priced:
        raise ConfigError(
            "translate.max_cost works only if the prices are known; set"
            " translate.input_price and translate.output_price."
        )
