"""What mkdocs does with the pages besides: the README is the first one, and links stay true.

A link to a file outside docs/ has no page on the site: the file's name stands in its place.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any, Final

from mkdocs.structure.files import File, Files

_ROOT: Final = Path(__file__).resolve().parents[2]
_FIRST: Final = {"README.md": "index.md", "README.zh-CN.md": "zh/index.md"}
_LINK: Final = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, *, config: Any) -> Files:
    """Put the READMEs beside the pages."""
    for name, page in _FIRST.items():
        text = (_ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """A page's text with links as they are on the site."""
    return with_links(markdown, page.file.src_uri)


def with_links(text: str, page: str) -> str:
    """The text of a page of the site with its links turned, those in code left alone."""
    origins = {site: f"{origin}" for origin, site in _FIRST.items()}
    folder = PurePosixPath(origins.get(page, f"docs/{page}")).parent

    def turned(match: re.Match[str]) -> str:
        picture, label, target = match.groups()
        # A picture may stand for a link.
        label = _LINK.sub(turned, label)
        name, sign, anchor = target.partition("#")
        if not name or re.match(r"[a-z]+:", target):
            return f"{picture}[{label}]({target})"
        path = normpath(f"{folder}/{name}")
        inside = _FIRST.get(path) or path.removeprefix("docs/")
        if path not in _FIRST and not path.startswith("docs/"):
            return label if path in label else f"{label} (`{path}`)"
        here = PurePosixPath(page).parent
        return f"{picture}[{label}]({relpath(inside, here)}{sign}{anchor})"

    pieces = _CODE.split(text)
    return "".join(one if n % 2 else _LINK.sub(turned, one) for n, one in enumerate(pieces))
