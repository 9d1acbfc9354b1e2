"""Timed XML from a site becomes SubRip; a damaged file of it is left out, and said."""

from pathlib import Path

import pytest

from vat.media.site_subtitles import _offer

START = '<tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
END = "</div></body></tt>"
LINE = '<p begin="00:00:01.000" end="00:00:02.000">Good morning</p>'


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "\0\0",
        "<html><body>Not here</body></html>",
        f"{START}{END}",
        f"{START}<p>No times</p>{END}",
        f"{START}<p>a&nbsp;b</p>{END}",
        f'<?xml version="1.0" encoding="nonsense"?>{START}{LINE}{END}',
        f"{START}{LINE}",
    ],
)
def test_a_damaged_file_of_a_site_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: str
) -> None:
    for tag, text in {"fr": damaged, "en": START + LINE + END}.items():
        (tmp_path / f"site.{tag}.ttml").write_text(text)
    wanted = {tag: {"filepath": str(tmp_path / f"site.{tag}.ttml")} for tag in ("fr", "en")}
    offer = _offer({"subtitles": wanted, "requested_subtitles": wanted})
    (one,) = offer.files
    assert (one.tag, Path(one.path).name) == ("en", "site.en.srt")
    assert "Good morning" in Path(one.path).read_text()
    (said,) = caplog.messages
    assert "subtitles in fr" in said
    assert "site.fr.ttml" in said
