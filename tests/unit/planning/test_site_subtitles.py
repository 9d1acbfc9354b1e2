"""Subtitles that a site has for a URL count as files beside the video."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.subtitle_site import CHINESE, VTT, Site
from vat.errors import ConfigError, SourceError
from vat.planning.plan import Plan, make_plan
from vat.planning.site_subtitles import chosen
from vat.planning.sources import Video


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def plan(root: Path, folder: Path, url: str, **subtitles: Any) -> Plan:
    languages = {"source": subtitles.pop("language", "en"), "targets": ["zh"]}
    config = {"videos": url, "languages": languages, "subtitles": subtitles}
    return make_plan(config, root=root, here=folder, skip=[])


def taken(found: Plan) -> dict[str, str]:
    (one,) = found.taken.values()
    return {track: Path(existing.place).name for track, existing in one.tracks.items()}


def test_subtitles_of_a_site_are_taken_and_it_is_asked_once(
    root: Path, tmp_path: Path, site: Site
) -> None:
    site.tracks = {"en-GB": VTT, "zh-Hans": CHINESE, "fr": VTT, "../../evil": VTT}
    first = plan(root, tmp_path, site.url)
    assert taken(first) == {"source": "site.en-GB.vtt", "zh": "site.zh-Hans.vtt"}
    assert "its speech is not recognised" in first.said
    asked = [path for path in site.asked if path.endswith(".vtt")]
    assert asked == ["/0.vtt", "/1.vtt"]
    site.asked.clear()
    assert taken(plan(root, tmp_path, site.url)) == taken(first)
    assert site.asked == []


def test_who_wants_it_has_speech_recognised_or_the_site_not_asked(
    root: Path, tmp_path: Path, site: Site
) -> None:
    assert taken(plan(root, tmp_path, site.url, source="asr")) == {}
    assert taken(plan(root, tmp_path, site.url, sites="none")) == {}
    assert not [path for path in site.asked if path.endswith(".vtt")]
    with pytest.raises(ConfigError, match="Only its download tells what tracks"):
        plan(root, tmp_path, site.url, source="track")


def test_a_language_that_nothing_tells(root: Path, tmp_path: Path, site: Site) -> None:
    assert taken(plan(root, tmp_path, site.url, language="auto")) == {}
    asked = plan(root, tmp_path, site.url, language="auto", source="sidecar")
    assert taken(asked) == {"source": "site.en.vtt"}
    assert [video.language for video in asked.videos.values()] == ["en"]


def test_what_a_site_has_not_or_is_away_is_said_where_it_is_asked_for(
    root: Path, tmp_path: Path, site: Site
) -> None:
    site.tracks = {}
    with pytest.raises(ConfigError, match="has no sidecar in en"):
        plan(root, tmp_path, site.url, source="sidecar")
    address = "https://www.youtube.com/watch?v=aaaaaaaaaaa"
    with pytest.raises(SourceError, match="cannot be fetched"):
        plan(root, tmp_path, address, source="sidecar")
    assert taken(plan(root, tmp_path, address)) == {}


def test_which_tags_are_wanted() -> None:
    video = Video("talk", "https://site/talk", True, None, "en", ("zh",), "auto", None)
    people = ["de", "en-nP7-2PuUl7o", "zh-Hant"]
    machine = ["en", "en-orig", "de", "zh-Hans"]
    assert chosen(video, people, (), None) == ["en-nP7-2PuUl7o", "zh-Hant"]
    assert chosen(video, people, machine, None) == ["en-nP7-2PuUl7o", "zh-Hant"]
    # A translation by the site's machine is none that exists.
    assert chosen(video, ["de"], machine, None) == ["en-orig"]
    unknown = Video("talk", "https://site/talk", True, None, "auto", (), "auto", None)
    assert chosen(unknown, people, machine, None) == []
    assert chosen(unknown, people, machine, "de-DE") == ["de"]
