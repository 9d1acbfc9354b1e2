"""Pages from templates: all that they show is in them, and nothing else may run in them.

A Content-Security-Policy allows a page its own script and style by their digests.
"""

import base64
import hashlib
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined


def visible(text: str) -> str:
    """A name in which what would turn or hide the text around it is written out: `U+202E`."""
    return "".join(
        f"[U+{ord(c):04X}]" if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c for c in text
    )


def render(template: str, script: str, **values: Any) -> str:
    """A page of a template with a script of its own and these values."""
    pages = _environment()
    code, style = (_asset(name) for name in (script, "page.css"))
    policy = (
        f"default-src 'none'; script-src '{_digest(code)}'; style-src '{_digest(style)}';"
        " media-src 'self' file:; img-src data:; connect-src 'self'; base-uri 'none';"
        " form-action 'none'"
    )
    return pages.get_template(template).render(policy=policy, script=code, style=style, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    pages = Environment(
        loader=PackageLoader("vat.report"), autoescape=True, undefined=StrictUndefined
    )
    pages.filters |= {"visible": visible, "yaml": _as_yaml}
    # The spoken track stays first.
    pages.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return pages


def _as_yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    return text


def _asset(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
