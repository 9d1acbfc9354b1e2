"""What shapes a translation, and with what it is made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from vat.device import resolve
from vat.errors import ConfigError

PLACEHOLDERS: Final = (
    "source_language",
    "target_language",
    "max_columns",
    "instructions",
    "style",
    "answer",
)
"""What a prompt may hold, each after a dollar sign."""

REFUSED_ADDRESS: Final = (
    "translate.base_url holds a user name, password or key; take it out of the address and put a"
    " key into the environment variable OPENAI_API_KEY."
)
"""Said of an address with a secret: logs and metadata show all of it."""

_NO_ADDRESS: Final = (
    "translate.base_url is no address of a server; it begins with http:// or https:// and often"
    " ends with /v1."
)
_SECRET_NAME: Final = re.compile("key|token|secret|auth|passw|pwd|credential|^code$|^sig")
_SECRET_PATH: Final = re.compile("(?:^|/)sk-")
"""Names of parameters that hold secrets, and how keys begin."""


@dataclass(frozen=True, slots=True)
class TranslateSettings:
    """What shapes a translation: keys of the configuration's `translate` section.

    `prompts` holds the texts of the prompts by name, `style` the notes on the target language,
    `glossary` a digest of the terms, and `model` the name on a server or the folder of a local one.
    """

    backend: str
    model: str
    base_url: str | None = None
    batch_size: int = 30
    context: int = 3
    temperature: float | None = None
    instructions: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    style: str = ""
    glossary: str = ""
    echo: bool = True
    review: bool = False
    shorten: bool = True
    memory: bool = True
    on_failure: str = "fail"

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
    timeout_seconds: float = 120
    attempts: int = 4
    concurrency: int = 4
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    input_price: float | None = None
    output_price: float | None = None
    max_cost: float | None = None
    folder: Path | None = None
    name: str = ""


def means_of(
    options: Mapping[str, Any], local: bool, threads: int, folder: str | Path, name: str
) -> Means:
    """The means that a configuration's `translate` section names, and those given here.

    Only a `local` model has a device; a server is asked from the CPU.

    Raises:
        DeviceError: where a GPU is asked for and none is visible.
    """
    keys = [one.name for one in fields(Means) if one.name in options]
    chosen = {key: options[key] for key in keys if key != "device"}
    device = resolve(options["device"]) if local else "cpu"
    return Means(device, threads, folder=Path(folder), name=name, **chosen)


def prompts_of(options: Mapping[str, Any]) -> list[str]:
    """The names of the prompts that a translation uses."""
    return ["translate", *(name for name in ("review", "shorten") if options[name])]


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


def address_fault(address: str) -> str:
    """What is wrong with the address of a server, in a sentence without it; empty for nothing."""
    if "@" in address or "#" in address:
        return REFUSED_ADDRESS
    try:
        parts = urlsplit(address)
    except ValueError:
        return _NO_ADDRESS
    fields = f"{parts.query}&{parts.path.partition(';')[2]}"
    names = (name.lower() for name, _ in parse_qsl(fields, keep_blank_values=True))
    if any(map(_SECRET_NAME.search, names)) or _SECRET_PATH.search(parts.path):
        return REFUSED_ADDRESS
    return "" if parts.scheme in ("http", "https") and parts.hostname else _NO_ADDRESS


def check_means(config: Mapping[str, Any]) -> None:
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
