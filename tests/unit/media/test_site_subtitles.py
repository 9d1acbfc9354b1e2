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


@pytest.mark.parametrize("legacy", [False, True])
def test_styles_that_lead_nowhere_or_in_a_circle_are_no_endless_wait(
    tmp_path: Path, legacy: bool
) -> None:
    year = "2006/10/ttaf1" if legacy else "ns/ttml"
    styles = """
      <style xml:id="lost" style="gone" tts:color="red"/>
      <style xml:id="bare" tts:textAlign="left"/>
      <style xml:id="on-bare" style="bare" tts:fontStyle="italic"/>
      <style xml:id="circle" style="round"/><style xml:id="round" style="circle"/>
      <style xml:id="self" style="self"/>
      <style xml:id="both" style="bare on-bare"/>
      <style id="late" style="both"/>
    """
    lines = "".join(
        f'<p begin="00:00:0{n}.000" end="00:00:0{n}.900" style="{style}">{style}</p>'
        for n, style in enumerate(["lost", "on-bare", "circle", "both", "late", "self"])
    )
    (tmp_path / "site.en.ttml").write_text(
        f'<tt xmlns="http://www.w3.org/{year}" xmlns:tts="http://www.w3.org/{year}#styling">'
        f"<head><styling>{styles}</styling></head><body><div>{lines}</div></body></tt>"
    )
    wanted = {"en": {"filepath": str(tmp_path / "site.en.ttml")}}
    (one,) = _offer({"subtitles": wanted, "requested_subtitles": wanted}).files
    read = Path(one.path).read_text()
    assert '<font color="red">lost</font>' in read
    assert all(f"<i>{style}</i>" in read for style in ("on-bare", "both", "late"))
    assert "\ncircle\n" in read
    assert "\nself\n" in read
