"""What a run was made with: versions, the commit, the configuration, prompts, tables and models."""

import hashlib
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from vat.jobs.addresses import scrubbed

_PACKAGES: Final = (
    *("vat-subtitles", "snakemake", "faster-whisper", "ctranslate2", "torch", "pymss-core"),
    *("av", "imageio-ffmpeg", "yt-dlp", "openai", "pysubs2", "nvidia-ml-py"),
)
"""Those whose version may change what a run makes."""

_GIT_SECONDS: Final = 10


def provenance(
    config: Mapping[str, Any], prompts: Mapping[str, str], tables: Sequence[Path], root: Path
) -> dict[str, Any]:
    """All of it but the models, as JSON can hold it.

    `config` is the configuration as it was merged; addresses in it lose their secrets. `prompts`
    are texts by name, `tables` the user's glossaries and people, `root` the folder of the workflow.
    """
    return {
        "versions": versions(),
        "commit": commit(root),
        "configuration": _public(config),
        "prompts": {
            name: {"sha256": _digest(text), "text": text} for name, text in prompts.items()
        },
        "tables": {
            str(path): {"sha256": _digest(text), "text": text}
            for path in tables
            for text in [path.read_text("utf-8", "replace")]
        },
    }


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that are installed."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit(root: Path) -> str | None:
    """The commit of the workflow's own repository, and whether files of it were changed since.

    None where the folder is no repository of its own, or there is no git.
    """
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    ask = [git, "-C", str(root)]
    try:
        told, changed = (
            subprocess.run(
                [*ask, *words], capture_output=True, text=True, check=True, timeout=_GIT_SECONDS
            ).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{told}, with changes" if changed else told


def _public(value: Any) -> Any:
    """The same without secrets in addresses."""
    if isinstance(value, Mapping):
        return {str(key): _public(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_public(one) for one in value]
    return scrubbed(value) if isinstance(value, str) else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
