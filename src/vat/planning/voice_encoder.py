"""Which model tells speakers apart, and where it lies."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from vat.errors import ConfigError
from vat.speech.settings import PYANNOTE

_PIPELINE: Final = "pyannote/speaker-diarization-community-1"


def voice_encoder(section: Mapping[str, Any]) -> str | None:
    """The whole path of the encoder's weights; None where speakers are not looked for.

    Of pyannote it is the name of a pipeline, or the whole path of its folder.

    Raises:
        ConfigError: where there is no such file or backend, or fewer speakers are allowed than are
            wanted.
    """
    if not section["enabled"]:
        return None
    if section["at_most"] is not None and section["at_most"] < section["at_least"]:
        raise ConfigError(
            f"speakers.at_most is {section['at_most']}, less than speakers.at_least"
            f" ({section['at_least']}); correct one of them."
        )
    path = Path(section["model"] or "").expanduser().resolve()
    if section["backend"] == PYANNOTE:
        if not _has_pyannote():
            raise ConfigError(
                "speakers.backend is pyannote, which is not installed here; run 'pip install"
                " vat-subtitles[pyannote]', or set speakers.backend to voices."
            )
        named = section["model"] or _PIPELINE
        return str(path) if section["model"] and path.exists() else named
    if not path.is_file():
        said = f"is no file: '{section['model']}'" if section["model"] else "is not set"
        raise ConfigError(
            f"speakers.model {said}; get it with 'pip download --no-deps Resemblyzer' and name the"
            " file pretrained.pt of that wheel, or set speakers.enabled to false."
        )
    return str(path)


def _has_pyannote() -> bool:
    try:
        return find_spec("pyannote.audio") is not None
    except ModuleNotFoundError:
        # Not even the namespace, which other packages share.
        return False
