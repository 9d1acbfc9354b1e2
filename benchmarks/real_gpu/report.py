"""Checks and their results, as JSON and as a table."""

import json
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

Figures = Mapping[str, float | int | str]
Check = Callable[[], Figures]


@dataclass(frozen=True)
class Result:
    """What came of one check: `figures` where it passed, else what went wrong."""

    part: str
    name: str
    ok: bool
    seconds: float
    figures: Figures = field(default_factory=dict)
    error: str = ""


class SkippedError(Exception):
    """The check cannot be made on this machine; the message says why."""


def run(part: str, checks: Mapping[str, Check]) -> list[Result]:
    """Every check of a part; one that fails stops no other."""
    found = []
    for name, check in checks.items():
        started = time.monotonic()
        try:
            figures, error = check(), ""
        except SkippedError as reason:
            figures, error = {"skipped": str(reason)}, ""
        except Exception as reason:
            figures, error = {}, f"{type(reason).__name__}: {reason}"
            traceback.print_exc()
        seconds = round(time.monotonic() - started, 1)
        found.append(Result(part, name, not error, seconds, figures, error))
        print(
            f"{part}: {name}: {'ok' if not error else 'FAILED'} {dict(figures) or error}",
            flush=True,
        )
    return found


def write(results: Sequence[Result], about: Figures, folder: Path) -> None:
    """Write gpu.json and gpu.md."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"about": dict(about), "results": [asdict(one) for one in results]}
    (folder / "gpu.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    rows = ["| part | check | result | seconds | figures |", "|---|---|---|---|---|"]
    for one in results:
        figures = ", ".join(f"{name} {value}" for name, value in one.figures.items())
        said = (figures or one.error).replace("|", "/").replace("\n", " ")
        result = "skipped" if "skipped" in one.figures else "ok" if one.ok else "FAILED"
        rows.append(f"| {one.part} | {one.name} | {result} | {one.seconds} | {said} |")
    head = ", ".join(f"{name} {value}" for name, value in about.items())
    (folder / "gpu.md").write_text("\n".join([head, "", *rows]) + "\n", encoding="utf-8")
