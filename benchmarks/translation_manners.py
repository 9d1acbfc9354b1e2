"""What comes of 2,000 lines through a server with one bad manner after the other, at two rates?

Every line is right, doubtful, or failed by number; none is wrong in silence. Requests are counted
beside those of a server that behaves. Run it from the repository's folder:
python -m benchmarks.translation_manners
"""

import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.helpers.chat_faults import ABOUT_THE_TASK, LATER, MANNERS, REFUSED
from tests.helpers.chat_server import Behaviour, chat_server, chinese, lines
from tests.helpers.translating import ask

LINES, BATCH, RATES = 2000, 30, (0.05, 0.1)
KINDS: dict[str, Any] = {
    "manners": MANNERS,
    "faults": ABOUT_THE_TASK,
    "refusing": REFUSED,
    "later": LATER,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many lines are right, doubtful, failed, and wrong in silence; and the requests."""

    right: int
    doubtful: int
    failed: int
    silent: int
    requests: int


def outcome(behaviour: Behaviour, count: int = LINES) -> Outcome:
    """What comes of so many lines through a server."""
    texts = lines(count)
    with chat_server(behaviour) as server:
        found = ask(
            server, None, texts, batch_size=BATCH, on_failure="keep-source-and-mark", echo=True
        )
    report = found.report
    doubtful, failed = set(report.doubtful), set(report.untranslated)
    wrong = {
        cue.id for cue, text in zip(found.cues, texts, strict=True) if cue.text != chinese(text)
    }
    return Outcome(
        count - len(wrong | doubtful | failed),
        len(doubtful - failed),
        len(failed),
        len(wrong - doubtful - failed),
        len(server.requests),
    )


def behaviours() -> Iterator[tuple[str, float, Behaviour]]:
    """Every manner at every rate."""
    for kind, names in KINDS.items():
        for name in names:
            for rate in RATES:
                behaviour = Behaviour(rate=rate)
                setattr(behaviour, kind, [name])
                yield name, rate, behaviour


def main() -> None:
    """Print one table; fail where a line was wrong in silence, or too many requests were made."""
    os.environ["OPENAI_API_KEY"] = "none"
    logging.disable(logging.CRITICAL)
    least = outcome(Behaviour()).requests
    sys.stdout.write(f"{LINES} lines, {least} requests by a server that behaves\n")
    sys.stdout.write("manner                 rate  right  doubtful  failed  silent  requests\n")
    bad = 0
    for name, rate, behaviour in behaviours():
        one = outcome(behaviour)
        bad += bool(one.silent) or one.requests > 1.3 * least
        sys.stdout.write(
            f"{name:22} {rate:4.2f}  {one.right:5}  {one.doubtful:8}  {one.failed:6}"
            f"  {one.silent:6}  {one.requests / least:8.2f}\n"
        )
        sys.stdout.flush()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
