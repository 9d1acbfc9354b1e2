"""How a run looks on a terminal, and how its events are said where there is none."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_vat.board import Board, Line

_BAR = 10


def clock(seconds: float | None) -> str:
    """Seconds as hours, minutes and seconds; a question mark where they are not known."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def printable(text: str) -> str:
    """A text without the control characters that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def total_line(board: Board, now: float) -> str:
    """The whole run in one line."""
    left = clock(board.left_s(now))
    return f"{board.done} of {board.total} jobs done, {len(board.running)} running, {left} left"


def draw(board: Board, now: float, most: int) -> Group:
    """The run now: a line per video, those at work first and at most so many, and the total."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=30)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    lines = sorted(board.lines(now), key=lambda line: line.stage in ("done", "waits"))
    for line in lines[:most]:
        table.add_row(Text(printable(line.name)), line.stage, _bar(line), clock(line.left_s))
    hidden = len(lines) - most
    more = [Text(f"and {hidden} more videos")] if hidden > 0 else []
    gpus = [
        Text(printable(line), style="cyan", no_wrap=True, overflow="ellipsis")
        for line in board.gpu_lines()
    ]
    total = Text(total_line(board, now), style="bold", no_wrap=True, overflow="ellipsis")
    return Group(table, *more, *gpus, total)


def _bar(line: Line) -> Text:
    full = int(line.share * _BAR)
    bar = Text("█" * full, style="green")
    bar.append("░" * (_BAR - full), style="dim")
    return bar.append(f" {line.share:4.0%}", style="default")
