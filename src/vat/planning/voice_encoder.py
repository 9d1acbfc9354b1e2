"""Where the voice encoder lies that tells speakers apart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vat.errors import ConfigError


def voice_encoder(section: Mapping[str, Any]) -> str | None:
    """The whole path of the encoder's weights; None where speakers are not looked for.

    Raises:
        ConfigError: where there is no such file.
    """
    if not section["enabled"]:
        return None
    path = Path(section["model"] or "").expanduser().resolve()
    if not path.is_file():
        said = f"is no file: '{section['model']}'" if section["model"] else "is not set"
        raise ConfigError(
            f"speakers.model {said}; get it with 'pip download --no-deps Resemblyzer' and name the"
            " file pretrained.pt of that wheel, or set speakers.enabled to false."
        )
    return str(path)
