"""What a whole video is about and who is in it, as every batch of its translation is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from vat.files import Record, StrPath
from vat.translate.glossary import Term, read_terms
from vat.translate.people import MOST_PEOPLE, Person, joined, people_digest, read_people


@dataclass(frozen=True, slots=True)
class Overview(Record):
    """What a video is about, and who is in it.

    `own` is a digest of the people that the user has named, empty for none. `warning` says what is
    missing. `tokens` of questions and of answers are what it took; `cost` is None without prices.
    """

    summary: str = ""
    people: tuple[Person, ...] = ()
    own: str = ""
    warning: str = ""
    requests: int = 0
    tokens: tuple[int, ...] = (0, 0)
    cost: float | None = None

    def request(self) -> dict[str, Any]:
        """What a model is shown of it with each batch; empty for nothing."""
        shown: dict[str, Any] = {"about": self.summary} if self.summary else {}
        if self.people:
            shown["people"] = [
                {key: value for key, value in one.to_json().items() if value}
                for one in self.people[:MOST_PEOPLE]
            ]
        return shown


def read_knowledge(
    glossaries: Sequence[StrPath], people: Sequence[StrPath], overview: Sequence[StrPath]
) -> tuple[list[Term], Overview]:
    """What a translator is told beside the subtitles: the user's terms, and the video's overview.

    Raises:
        ConfigError: naming a file that cannot be read.
    """
    return read_terms(map(str, glossaries)), read_overview(overview, people)


def read_overview(proposed: Sequence[StrPath], own: Sequence[StrPath]) -> Overview:
    """The overview of a video, if one was made, with the people of the user's own tables first.

    What the user has left open about a person is as it was proposed.

    Raises:
        ConfigError: naming a table that cannot be read.
    """
    found = Overview.read(proposed[0]) if proposed else Overview()
    mine = read_people(map(str, own))
    names = {one.name.casefold() for one in mine}
    first = [one for one in joined(found.people, mine) if one.name.casefold() in names]
    others = [one for one in found.people if one.name.casefold() not in names]
    return replace(found, people=(*first, *others), own=people_digest(mine))
