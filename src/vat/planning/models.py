"""Models by name: where they come from, what they need, and whether they are complete."""

import csv
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatch
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vat.errors import ConfigError, ModelError, final
from vat.planning.sources import locate
from vat.planning.trusted_weights import TrustedWeights
from vat.planning.weights import digest_of_file, note_origin, origin_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Weights:
    """One file whose content is known: bytes and SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Known:
    """A model on the Hugging Face hub.

    `patterns` select its files there, `checked` are those whose content is known, `packaged` comes
    from this package, and `revision` is the state of the repository that is fetched; None for the
    newest.
    """

    repository: str
    patterns: tuple[str, ...]
    checked: Mapping[str, Weights] = field(default_factory=dict)
    packaged: tuple[str, ...] = ()
    revision: str | None = None


_HUB_SECONDS: Final = 10.0
_WHISPER_FILES = ("*.bin", "*.json", "*.txt")


def _whisper() -> Mapping[str, Known]:
    """Whisper converted for CTranslate2, each at one revision whose weights are known."""
    table = files("vat").joinpath("data", "whisper.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t")
    return {
        row["name"]: Known(
            row["repository"],
            _WHISPER_FILES,
            {"model.bin": Weights(int(row["bytes"]), row["sha256"])},
            revision=row["revision"],
        )
        for row in rows
    }


_KIM = Known(
    "KimberleyJSN/melbandroformer",
    ("MelBandRoformer.ckpt",),
    {
        "MelBandRoformer.ckpt": Weights(
            913106900, "87201f4d31afb5bc79993230fc49446918425574db48c01c405e44f365c7559e"
        )
    },
    ("kim.yaml",),
    "ac9b0614ab3cd7f77219e18ba494dfd93956c348",
)

KNOWN: Final[Mapping[str, Mapping[str, Known]]] = MappingProxyType(
    {
        "asr": _whisper(),
        "separate": {"kim": _KIM},
        "translate": {},
    }
)
"""Models that can be named in the configuration, by kind."""

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "asr": ("model.bin", "config.json", "tokenizer.json"),
        "separate": ("*.yaml", "*.ckpt"),
        "translate": ("model.bin", "config.json"),
    }
)
"""What a model's folder must hold, by kind."""

_SECTIONS: Final = {kind: f"{kind}.model" for kind in REQUIRED}


def folder_name(name: str) -> str:
    """A model's name as the name of a folder; `model_name` is its inverse."""
    return name.replace("/", "--")


def model_name(folder: str) -> str:
    """The name of the model that is fetched into a folder of this name."""
    return folder.replace("--", "/")


def fetch(kind: str, name: str, destination: str | Path) -> None:
    """Fetch a model into the folder `destination`, which appears whole or not at all.

    `kind` is asr, separate or translate; `name` is a known name, or owner/name of a repository. A
    broken download is continued by the next call. Weights are compared with the digests known here,
    with those of the hub, and with those that were fetched first (`TrustedWeights` two folders
    above); `vat.planning.weights.ORIGIN` beside them tells what was fetched.

    Raises:
        ModelError: for an unknown name, without a network, or where a file is missing or damaged.
    """
    known = KNOWN[kind].get(name) or _repository(kind, name)
    folder = Path(destination)
    cache = folder.with_name(f".download-{folder.name}")
    trusted = _trusted(folder)
    pinned = known.revision is not None
    if not pinned:
        known = replace(known, revision=trusted.revision(folder))
    _download(known, name, cache, _SECTIONS[kind])
    for file, weights in known.checked.items():
        _check_weights(cache / file, weights, name)
    digests = note_origin(cache, known.repository, name)
    if not pinned:
        trusted.compare(folder, digests, name)
    for file in known.packaged:
        with as_file(files("vat").joinpath("data", file)) as source:
            shutil.copy(source, cache / file)
    check_folder(kind, cache, name)
    shutil.rmtree(cache / ".cache", ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)
    cache.replace(folder)
    trusted.note(folder)


def check_fetched(kind: str, name: str, folder: Path) -> None:
    """See that a model that was fetched still has the weights that were fetched.

    Raises:
        ModelError: where it has others.
    """
    digests = _trusted(folder).check(folder, name)
    known = KNOWN[kind].get(name)
    # One that an older VAT has fetched is that version's.
    is_known = known and origin_of(folder).get("revision") in (None, known.revision)
    for file, weights in known.checked.items() if known and is_known else ():
        if digests.get(file) != weights.sha256:
            raise final(
                ModelError(
                    f"'{file}' in '{folder}' is not that of the model '{name}'; remove that"
                    " folder, and run again to fetch it anew."
                )
            )


def _trusted(folder: Path) -> TrustedWeights:
    """What is trusted of the models beside a folder, whose place is models/kind/name."""
    return TrustedWeights(folder.absolute().parent.parent)


def size_on_hub(kind: str, name: str) -> int:
    """How many bytes `fetch` would fetch; this downloads none of them.

    Raises:
        ModelError: for an unknown name, and where the hub does not have it or cannot be reached.
    """
    known = KNOWN[kind].get(name) or _repository(kind, name)
    from huggingface_hub import HfApi

    try:
        hub = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        # It asks once: who looks at a host does not wait for a network to come back.
        told = hub.model_info(
            known.repository, revision=known.revision, timeout=_HUB_SECONDS, files_metadata=True
        )
    except Exception as error:
        raise _unfetched(name, _SECTIONS[kind], error) from error
    return sum(one.size or 0 for one in told.siblings or () if _is_wanted(known, one.rfilename))


def _is_wanted(known: Known, path: str) -> bool:
    return any(fnmatch(path, pattern) for pattern in known.patterns)


def check_folder(kind: str, folder: str | Path, name: str) -> None:
    """See that a model's folder holds what its kind needs.

    Raises:
        ModelError: naming what is missing.
    """
    missing = [pattern for pattern in REQUIRED[kind] if not any(Path(folder).glob(pattern))]
    if missing:
        raise ModelError(
            f"The model '{name}' lacks {', '.join(missing)}; name another in {_SECTIONS[kind]}."
        )


def local_folder(name: str, kind: str, bases: Sequence[Path]) -> str | None:
    """The absolute path of a model's folder below one of the bases; None for one to be fetched.

    Raises:
        ConfigError: where there is no such folder, the name is neither known nor may be that of a
            repository, or what is in it is no file: on a pipe, a job
            would wait for ever.
    """
    if not any((base / Path(name).expanduser()).is_dir() for base in bases):
        if name.startswith(("/", ".", "~")):
            raise ConfigError(f"There is no model in the folder '{name}'; correct the path.")
        if name not in KNOWN[kind] and name.count("/") != 1:
            raise ConfigError(_unknown(kind, name))
        return None
    folder = locate(name, bases)
    for path in folder.iterdir():
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ConfigError(f"'{path}' in the folder of a model is no file; remove it.")
    return str(folder)


def _repository(kind: str, name: str) -> Known:
    if name.count("/") == 1:
        return Known(name, (*_WHISPER_FILES, "*.model", "*.spm", "*.yaml", "*.ckpt"))
    raise final(ModelError(_unknown(kind, name)))


def _unknown(kind: str, name: str) -> str:
    near = get_close_matches(name, KNOWN[kind], n=1)
    meant = f"did you mean {near[0]}? Or " if near else ""
    known = ", ".join(KNOWN[kind]) or "owner/name of a repository"
    return (
        f"The model '{name}' is unknown; {meant}set {_SECTIONS[kind]} to a folder, or one of:"
        f" {known}."
    )


def _download(known: Known, name: str, folder: Path, section: str) -> None:
    from huggingface_hub import snapshot_download

    folder.mkdir(parents=True, exist_ok=True)
    logger.info("fetching %s from %s", name, known.repository)
    try:
        snapshot_download(
            known.repository,
            revision=known.revision,
            allow_patterns=list(known.patterns),
            local_dir=str(folder),
            endpoint=os.environ.get("HF_ENDPOINT"),
        )
    except Exception as error:
        raise _unfetched(name, section, error) from error


def _unfetched(name: str, section: str, error: Exception) -> ModelError:
    # The hub's client raises errors of several libraries; the cure is the same for all.
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    failed = ModelError(
        f"The model '{name}' cannot be fetched from the Hugging Face hub ({reason}); check the"
        f" network, name a mirror in HF_ENDPOINT, or put a folder with the model into {section}."
    )
    failed.final = type(error).__name__ in ("RepositoryNotFoundError", "RevisionNotFoundError")
    return failed


def _check_weights(path: Path, weights: Weights, name: str) -> None:
    if not path.is_file() or path.stat().st_size != weights.size:
        size = path.stat().st_size if path.is_file() else 0
        path.unlink(missing_ok=True)
        raise ModelError(
            f"'{path.name}' of the model '{name}' has {size} bytes instead of {weights.size};"
            " run again to fetch it anew."
        )
    digest = digest_of_file(path)
    if digest != weights.sha256:
        path.unlink()
        raise ModelError(
            f"'{path.name}' of the model '{name}' is damaged (SHA-256 {digest[:12]}... instead of"
            f" {weights.sha256[:12]}...); run again to fetch it anew."
        )
