"""What only torch can do, where it is not installed: done without, or refused before any work."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires
from typing import Any, Final

from vat.errors import ConfigError
from vat.planning.edits import SPOKEN
from vat.planning.existing import Taken
from vat.planning.sources import Video
from vat.settings import AUTO

_DISTRIBUTION: Final = "vat-subtitles"


def do_without_torch(
    videos: dict[str, Video], taken: Mapping[str, Taken], config: Mapping[str, Any]
) -> list[str]:
    """Plan `videos` as they can be done without torch, and tell what people should know of it.

    Where a trial was to tell whether speech is separated, it is not. Videos whose subtitles are
    `taken` need neither.

    Raises:
        ConfigError: where separation or speakers are asked for outright.
    """
    heard = [video for slug, video in videos.items() if SPOKEN not in taken[slug].tracks]
    if config["speakers"]["enabled"] and heard:
        raise ConfigError(_refusal("speakers.enabled is true", "speakers", "false"))
    asked = next((video for video in heard if video.separate is True), None)
    if asked is not None:
        said = f"separate.enabled is true for '{asked.source}'"
        raise ConfigError(_refusal(said, "separation", "auto or false"))
    if not any(video.separate == AUTO for video in heard):
        return []
    videos.update({slug: replace(video, separate=False) for slug, video in videos.items()})
    return [
        "Speech is not separated from music, as torch is not installed; where music covers speech,"
        f" {_remedy('separation')} first."
    ]


def _refusal(said: str, extra: str, otherwise: str) -> str:
    return f"{said}, but torch is not installed; {_remedy(extra)}, or set it to {otherwise}."


def _remedy(extra: str) -> str:
    """How to install what belongs to an extra, also where VAT came from a file or a checkout."""
    return f"pip install {' '.join(packages_of(extra)) or 'torch'}"


def packages_of(extra: str) -> list[str]:
    """The requirements of an extra of the distribution, as pip takes them in a shell."""
    try:
        named = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    wanted = (one.partition(";") for one in named)
    return [
        f"'{what.strip()}'"
        for what, _, condition in wanted
        if condition.replace('"', "'").strip() == f"extra == '{extra}'"
    ]
