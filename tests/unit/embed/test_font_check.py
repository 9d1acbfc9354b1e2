"""A character without a font is an error that names the font, never a box."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.embedding import BURN, burn
from tests.helpers.fonts import fontconfig, pattern_font
from tests.helpers.media import FFMPEG, ffmpeg, frames, make_video
from vat.embed.font_check import (
    check_fonts,
    font_environment,
    missing_fonts,
    visible,
)
from vat.embed.settings import EmbedSettings
from vat.errors import EmbedError
from vat.languages import LANGUAGES
from vat.subtitles.fonts import FONTS, font_of
from vat.subtitles.track import Track
from vat.timeline import Cue

TEXTS = {
    "zh": ("老船长带着银盒子", "今天下午没有人来"),
    "zh-hant": ("臺灣讀者歡迎您來", "國語電視節目開始"),
    "ja": ("船長は箱を持って", "誰も彼に尋ねない"),
    "ko": ("선장은 상자를 든다", "아무도 묻지 않았다"),
    "ar": ("القبطان يحمل صناديق", "لم يسأله أحد شيئا"),
    "hi": ("कप्तान के पास डिब्बे हैं", "किसी ने कुछ नहीं पूछा"),
    "th": ("กัปตันถือกล่องเงิน", "ไม่มีใครถามเขาเลย"),
    "en": ("🎬😀🚢🌊", "🌅📦🎵⚓"),
}
"""Two texts of about the same length; those of English are emoji."""


@pytest.fixture
def no_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without any font."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("FONTCONFIG_FILE", str(fontconfig(tmp_path, tmp_path / "empty")))


@pytest.mark.parametrize("language", TEXTS)
def test_text_is_drawn_with_letters_and_not_with_boxes(language: str, tmp_path: Path) -> None:
    texts = TEXTS[language]
    drawn = []
    for number, text in enumerate(texts):
        source = tmp_path / f"{number}.mp4"
        ffmpeg("-f", "lavfi", "-i", "color=gray:s=640x360:r=5:d=1", "-crf", "1", source)
        (_, picture), *_ = frames(burn(source, BURN, Track(language, [Cue(1, 0, 1, text)])))
        drawn.append(picture)
    assert all(np.abs(picture - picture[0, 0]).max() > 80 for picture in drawn)
    # libass draws the same box for each missing character: two texts would look alike.
    assert np.count_nonzero(np.abs(drawn[0] - drawn[1]) > 60) > 100


@pytest.mark.usefixtures("no_fonts")
@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("世界", r"世 \(U\+4E16\).*Noto Sans CJK SC \(Debian: fonts-noto-cjk\)"),
        ("ひらがな", "Noto Sans CJK JP"),
        ("한국", "Noto Sans CJK KR"),
        ("مرحبا", "Noto Sans Arabic .Debian: fonts-noto-core"),
        ("हिन्दी", "Noto Sans Devanagari"),
        ("🎬", r"🎬 \(U\+1F3AC\).*Symbola \(Debian: fonts-symbola\)"),
        ("Hello", r"Noto Sans \(Debian: fonts-noto-core\)"),
        ("abcdefghijk", "and 3 more"),
    ],
)
def test_a_missing_font_is_named_and_nothing_is_left(
    text: str, advice: str, tmp_path: Path
) -> None:
    source = make_video(tmp_path / "v.mp4", 1)
    with pytest.raises(EmbedError, match=advice) as error:
        burn(source, BURN, Track("zh", [Cue(1, 0, 1, text)]))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "result.mkv").exists()


@pytest.mark.usefixtures("no_fonts")
def test_invisible_characters_need_no_font(tmp_path: Path) -> None:
    source = make_video(tmp_path / "v.mp4", 1)
    text = "\N{ZERO WIDTH JOINER}\N{RIGHT-TO-LEFT MARK}\N{WORD JOINER}"
    assert burn(source, BURN, Track("en", [Cue(1, 0, 1, text)])).exists()


def test_a_font_without_marks_of_direction_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "failed to find any fallback with glyph 0x202B for font"
    monkeypatch.setattr("vat.embed.font_check.run_ffmpeg", lambda *_, **__: said)
    track = Track("he", [Cue(1, 0, 1, "שלום")])
    check_fonts(track, "", tmp_path, ffmpeg=FFMPEG, environment={})
    said = said.replace("202B", "5E9")
    with pytest.raises(EmbedError, match=r"ש \(U\+05E9\)"):
        check_fonts(track, "", tmp_path, ffmpeg=FFMPEG, environment={})


@pytest.mark.usefixtures("no_fonts")
def test_a_folder_of_fonts_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "a & b's <fonts>"
    folder.mkdir()
    (folder / "one.ttf").write_bytes(pattern_font())
    source = make_video(tmp_path / "v.mp4", 1)
    settings = EmbedSettings(mode="burn", fonts=str(folder))
    assert burn(source, settings, Track("en", [Cue(1, 0, 1, "Hello")])).exists()


def test_a_folder_of_fonts_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EmbedError, match=r"does not exist.*embed\.fonts"):
        font_environment(EmbedSettings(fonts="/no/such"), tmp_path)


def test_an_ffmpeg_that_cannot_draw_is_named(tmp_path: Path) -> None:
    track = Track("en", [Cue(1, 0, 1, "a")])
    with pytest.raises(EmbedError, match=r"cannot draw subtitles.*set ffmpeg to bundled"):
        check_fonts(track, "", tmp_path, ffmpeg="/bin/false", environment={})


def test_every_font_belongs_to_known_languages() -> None:
    assert set(FONTS) <= set(LANGUAGES)
    assert font_of("de").family == "Noto Sans"
    assert font_of("zh-hant").family == "Noto Sans CJK TC"


def test_what_needs_a_glyph() -> None:
    assert visible(["ab a\n", "\u200d世b"]) == "ab世"


def test_fonts_are_named_once_each() -> None:
    sentence = missing_fonts("世界は🎬", "中文")
    assert sentence.count("Noto Sans CJK SC") == 1
    assert "Noto Sans CJK JP" in sentence
    assert "Symbola" in sentence
