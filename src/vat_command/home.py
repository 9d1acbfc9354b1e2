"""Where the workflow lies: in the installed package, or in the checkout that is installed."""

from pathlib import Path

_PACKAGED = Path(__file__).parent / "home"
_CHECKOUT = Path(__file__).parents[2]


def home() -> Path:
    """The folder with `workflow`, `profiles`, `config`, `scripts`, `models` and `demo`."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
