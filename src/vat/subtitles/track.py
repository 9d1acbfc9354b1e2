"""A subtitle track: the cues of one language, or of two, one above the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from vat.files import StrPath, damaged, read_json
from vat.languages import language
from vat.speech.speaker_names import Speaker
from vat.subtitles.dialogues import is_dialogue
from vat.subtitles.direction import directed
from vat.subtitles.drawings import Drawing
from vat.timeline import Cue

BILINGUAL: Final = "bilingual"
"""What the track of two languages is called in the configuration."""

WORD_ENDINGS: Final = ("words.vtt", "words.ass")
"""What the files of a track in which every word has its time end with, after its name."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on screen between two moments, given in milliseconds of video time.

    The lines of the `upper` language, then those of the `lower` one, which has none in a track of
    one language. None is empty, and each carries the marks of its direction. `position` and
    `place` are those of the cue. `voices` are the names of who speaks, where that is known: one, or
    one for each line of a dialogue.
    """

    start: int
    end: int
    upper: Sequence[str]
    lower: Sequence[str] = ()
    position: int = 0
    place: str = ""
    voices: Sequence[str] = ()

    @property
    def text(self) -> str:
        """All lines, joined by `\\n`."""
        return "\n".join([*self.upper, *self.lower])


@dataclass(frozen=True, slots=True)
class Track:
    """Subtitles in one language, or in two, one above the other.

    `name` is what the configuration calls the track: a code, "source" or "bilingual"; empty where
    it has none. In a track of two languages `second` is the lower one, and `upper_lines` has for
    each cue how many of its lines are the upper one's. `drawings` are what the subtitles
    of somebody else draw, which only ASS can show. `speakers` are those of the cues, where that
    is known, and `prefix` tells whether SRT says their names.
    """

    language: str
    cues: Sequence[Cue]
    name: str = ""
    second: str | None = None
    upper_lines: Sequence[int] = ()
    drawings: Sequence[Drawing] = ()
    speakers: Sequence[Speaker] = ()
    prefix: bool = False

    @classmethod
    def read(cls, path: StrPath) -> Self:
        """The track of a JSON file of subtitles; the file's name tells the track's own.

        Raises:
            DamagedError: where it holds something else.
        """
        record = read_json(path)
        try:
            second = record.get("second")
            name = BILINGUAL if second else Path(path).stem
            cues = [Cue.from_json(cue) for cue in record["cues"]]
            drawings = tuple(map(Drawing.from_json, record.get("drawings", ())))
            upper = record.get("upper_lines", ())
            speakers = tuple(map(Speaker.from_json, record.get("speakers", ())))
            prefix = bool(record.get("prefix"))
            known = upper, drawings, speakers, prefix
            return cls(record["language"], cues, name, second, *known)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path, error) from None

    def into(self, code: str, cues: Sequence[Cue]) -> "Track":
        """The track of a translation into the language `code`, which draws the same.

        The speakers are the same, too.
        """
        return Track(code, cues, drawings=self.drawings, speakers=self.speakers, prefix=self.prefix)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the language and the cues; of two languages with all fields."""
        cues = [cue.to_json() for cue in self.cues]
        for cue in cues:
            for rare in ("language", "position", "place"):
                if not cue[rare]:
                    del cue[rare]
        drawings = [one.to_json() for one in self.drawings]
        rest: dict[str, Any] = {"drawings": drawings} if drawings else {}
        if self.speakers:
            rest["speakers"] = [one.to_json() for one in self.speakers]
            rest |= {"prefix": True} if self.prefix else {}
        if self.second is None:
            return {"language": self.language, "cues": cues, **rest}
        lines = list(self.upper_lines)
        languages = {"language": self.language, "second": self.second}
        return {**languages, "cues": cues, "upper_lines": lines, **rest}

    @property
    def iso639_2(self) -> str:
        """The language tag that a container carries: three letters."""
        return language(self.language).iso639_2

    @property
    def title(self) -> str:
        """What players show in their menu: the language in its own words."""
        names = [language(code).native for code in (self.language, self.second) if code]
        return " + ".join(names)

    @property
    def prefixes(self) -> Sequence[Speaker]:
        """The speakers whose names SRT says before what they say; none where it says no names."""
        return self.speakers if self.prefix else ()

    def shown(self) -> list[Shown]:
        """What every form of the track shows, cue by cue."""
        found, names = list[Shown](), {one.label: one.shown for one in self.speakers}
        for number, cue in enumerate(self.cues):
            upper, lower = lines_of(cue.text), list[str]()
            if self.second is not None:
                border = self.upper_lines[number]
                upper, lower = upper[:border], directed(upper[border:], self.second)
            start, end = round(cue.start * 1000), round(cue.end * 1000)
            shown = directed(upper, self.language)
            voices = [names.get(label, label) for label in cue.speakers]
            if len(voices) > 1 and (not is_dialogue(cue) or self.second is not None):
                voices = []
            found.append(Shown(start, end, shown, lower, cue.position, cue.place, voices))
        return found


def lines_of(text: str) -> list[str]:
    """The lines of a text without empty ones, which would end a cue in most forms."""
    return [line for line in text.splitlines() if line.strip()]
