"""What a user corrects by hand is proposed for the glossary."""

from pathlib import Path

from vat.files import write_json
from vat.subtitles.track import Track
from vat.timeline import Cue
from vat.translate.corrections import corrected_terms


def track(folder: Path, name: str, code: str, *texts: str) -> Path:
    cues = [Cue(at, at * 3.0, at * 3.0 + 2, text) for at, text in enumerate(texts)]
    write_json(folder / name, Track(code, cues).to_json())
    return folder / name


def test_a_corrected_name_becomes_a_term(tmp_path: Path) -> None:
    said = track(
        tmp_path, "s", "en", "Then Ada Lovelace spoke.", "We saw Ada Lovelace.", "Go on.", "No."
    )
    before = track(tmp_path, "b", "zh", "然后阿达说话了。", "我们看见了阿达。", "继续。", "不。")
    after = track(tmp_path, "a", "zh", "然后艾达说话了。", "我们看见了艾达。", "继续吧。", "不。")
    (found,) = corrected_terms([said], [before], [after])
    assert (found.source, found.target) == ("Ada Lovelace", "艾达")
    assert "as in: Then Ada Lovelace spoke." in found.note


def test_in_languages_with_blanks_whole_words_are_taken(tmp_path: Path) -> None:
    said = track(tmp_path, "s", "en", "The loss of Gradient Descent falls.")
    before = track(tmp_path, "b", "de", "Der Verlust von Abstieg fällt.")
    after = track(tmp_path, "a", "de", "Der Verlust von Gradientenabstieg fällt.")
    (found,) = corrected_terms([said], [before], [after])
    assert (found.source, found.target) == ("Gradient Descent", "Gradientenabstieg")


def test_what_is_not_plain_is_not_proposed(tmp_path: Path) -> None:
    said = track(tmp_path, "s", "en", "Here Ada met Charles.", "it is late")
    before = track(tmp_path, "b", "de", "Hier traf Ada Karl.", "es ist spät")
    after = track(tmp_path, "a", "de", "Hier traf Ada Charles.", "es ist schon spät")
    assert corrected_terms([said], [before], [after]) == []
    assert corrected_terms([], [], []) == []
