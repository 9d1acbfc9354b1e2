"""The Chinese pages keep in step with the English ones: the same headings, the same commands."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = {ROOT / "README.zh-CN.md": ROOT / "README.md"} | {
    page: ROOT / "docs" / page.name for page in sorted(ROOT.glob("docs/zh/*.md"))
}


def headings(text: str) -> list[str]:
    """The levels of a page's headings, and those that are names and have no translation."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^(#+) (.+)$", prose, re.MULTILINE)
    return [
        f"{level} {name if re.fullmatch('[A-Z_]+', name) else ''}".strip() for level, name in found
    ]


def commands(text: str) -> list[str]:
    """What a page has a reader type, without comments."""
    blocks = re.findall(r"^```(?:sh|bash)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = (re.sub(r"(^|\s)# .*", "", line) for block in blocks for line in block.splitlines())
    return [line.rstrip() for line in lines if line.strip()]


def test_what_is_compared_is_found() -> None:
    text = "# Title\n```sh\nmake a  # why\n# alone\n\nmake b\n```\n## MIG\n### An end\n"
    assert headings(text) == ["#", "## MIG", "###"]
    assert commands(text) == ["make a", "make b"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_chinese_page_has_the_headings_and_commands_of_its_english_one(page: Path) -> None:
    chinese, english = (one.read_text(encoding="utf-8") for one in (page, PAGES[page]))
    assert headings(chinese) == headings(english), f"add to {page.name} what is new"
    assert commands(chinese) == commands(english), f"add to {page.name} what is new"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_chinese_page_is_chinese(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`|\(.*?\)", "", page.read_text("utf-8"), flags=re.DOTALL)
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    assert chinese > 0.5 * len(re.findall(r"[a-z]", text))


def rows(page: Path) -> dict[str, str]:
    """The defaults of the settings that a page lists."""
    table = re.findall(r"^\| `([\w.]+)`(?: \\\*)? \|(.*)\|$", page.read_text("utf-8"), re.MULTILINE)
    cells = {key: [cell.strip() for cell in re.split(r"(?<!\\)\|", rest)] for key, rest in table}
    return {key: next((c for c in row if c.startswith("`")), "") for key, row in cells.items()}


def test_settings_have_the_defaults_of_the_configuration() -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    listed = rows(ROOT / "docs/zh/configuration.md")
    columns = {"source", "title", "language", "targets", "separate", "audio_track", "subtitles"}
    assert len(listed.keys() - columns) > 10
    for key, default in listed.items():
        if key in columns:
            continue
        value = config
        for part in key.split("."):
            value = value.get(part) if part != "pathvars" else {}
        assert yaml.safe_load(default.strip("`")) == value, key
