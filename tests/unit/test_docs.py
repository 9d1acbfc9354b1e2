"""The documentation names files, headings and make targets that exist."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from vat_command.cli import read_wishes

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = "benchmarks|config|demo|docs|envs|models|profiles|scripts|src|tests|workflow"
PAGES = sorted(page for name in [".", *FOLDERS.split("|")] for page in ROOT.glob(f"{name}/*.md"))
PAGES += sorted(ROOT.glob("docs/zh/*.md"))
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def links(text: str) -> list[str]:
    """Targets of the links of a page, apart from those to the web."""
    found = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", text))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """What a link to a heading of the page may be called, by GitHub's rule."""
    prose = re.sub(r"^```.*?^```|`", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def paths(text: str) -> list[str]:
    """Paths in the repository that a page names in its code, with or without wildcards."""
    words = (word for code in CODE.findall(text) for word in re.split(r"[\s`'\"=()]+", code))
    named = re.compile(rf"({FOLDERS})/[\w./*+-]*")
    return [word.rstrip(".") for word in words if named.fullmatch(word)]


def targets(text: str) -> list[str]:
    """Targets of make that a page names in its code; `make bench-…` stands for several."""
    return [
        name
        for code in CODE.findall(text)
        for name in re.findall(r"\bmake ([\w-]*\w)(?![\w…-])", code)
    ]


def test_what_is_named_is_found() -> None:
    text = "# On `a`, and b\n[a](b.md#c) [d](https://e.f) `make test` `src/vat/*`\n"
    text += "```sh\n# a comment\nmake demo > docs/x.md\n```\nmake nothing, `make bench-…`"
    assert links(text) == ["b.md#c"]
    assert targets(text) == ["test", "demo"]
    assert paths(text) == ["src/vat/*", "docs/x.md"]
    assert anchors(text) == {"on-a-and-b"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        goal = (page.parent / name).resolve() if name else page
        assert goal.exists(), link
        assert not anchor or anchor in anchors(goal.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_and_make_targets_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [path for path in paths(text) if not any(ROOT.glob(path.rstrip("/")))]
    assert missing == []
    rules = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(targets(text)) <= set(rules)


def test_pictures_are_small_and_shown() -> None:
    pictures = [path for path in ROOT.glob("docs/images/*") if path.suffix in (".png", ".jpg")]
    assert pictures
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in pictures:
        assert picture.stat().st_size < 150_000
        assert f"docs/images/{picture.name}" in shown


def test_the_readme_shows_commands_that_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^vat (.+?)(?:  +#.*)?$", text, re.MULTILINE)
    assert len(shown) > 10
    for line in shown:
        command, wishes = read_wishes(shlex.split(line))
        assert command in ("", "doctor", "forecast", "glossary", "watch"), line
        assert wishes.sources or command == "doctor", line


@pytest.mark.parametrize("page", ["docs/installation.md", "docs/zh/installation.md"])
def test_every_extra_is_explained(page: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert set(listed) == project["optional-dependencies"].keys()
