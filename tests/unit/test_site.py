"""The pages make a site without a broken link, the README first."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml


def test_the_site_is_built_with_strict_links(root: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(build, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'src="images/frame.jpg"' in first
    assert 'href="zh/"' in first
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        inside = re.findall(r'<a [^>]*href="([^"#]+\.md)"', text)
        assert [link for link in inside if "://" not in link] == [], page


@pytest.mark.parametrize(
    ("page", "before", "after"),
    [
        ("index.md", "[a](docs/b.md#c)", "[a](b.md#c)"),
        ("index.md", "[a](CONTRIBUTING.md) `[b](c)`", "a (`CONTRIBUTING.md`) `[b](c)`"),
        ("index.md", "![a](docs/images/a.png)", "![a](images/a.png)"),
        ("zh/index.md", "[a](docs/zh/b.md), [c](README.md)", "[a](b.md), [c](../index.md)"),
        ("zh/index.md", "![a](docs/images/a.png)", "![a](../images/a.png)"),
        ("zh/b.md", "[a](../../config/x) [c](../d.md)", "a (`config/x`) [c](../d.md)"),
        (
            "b.md",
            "[a](#c) [d](https://e/f.md) [g](../README.md)",
            "[a](#c) [d](https://e/f.md) [g](index.md)",
        ),
    ],
)
def test_links_lead_to_the_same_place_on_the_site(
    root: Path, page: str, before: str, after: str
) -> None:
    spec = importlib.util.spec_from_file_location("hooks", root / "packaging/site/hooks.py")
    assert spec
    assert spec.loader
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    assert hooks.with_links(before, page) == after


def test_ci_does_what_everybody_can_do(root: Path) -> None:
    workflow = yaml.safe_load((root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert (root / ".ci/run").stat().st_mode & 0o111


def test_the_citation_has_the_version_and_the_licence(root: Path) -> None:
    cited = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{cited["version"]}"' in project
    assert f'license = "{cited["license"]}"' in project
    assert {"cff-version", "message", "title", "authors"} <= cited.keys()
