"""The GPUs of a run as a picture: who held which one when, memory, and who waited.

Drawn by matplotlib as SVG: it needs no script, no network and no fonts of its own, and stays small.
Libraries that draw in the browser bring a script of 1 to 5 MB for that (Vega, Plotly).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from vat.report.gpus import Bar, GpuRun, GpuUse

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection

_COLOURS: Final = (
    *("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442", "#999999"),
)
"""Okabe and Ito's, which people who see few colours can tell apart."""

_MANY: Final = 600
"""From so many bars on they are pixels: as shapes they would make the page large and slow."""

_LANE: Final = 0.22
_MEMORY: Final = 0.8
"""Height in inches of a lane of jobs, and of the memory below them."""

_MOST_LANES: Final = 12
_WIDE: Final = 0.07
"""A bar of this share of the width has room for the name of its video."""

_LONGEST_NAME: Final = 14
_DPI: Final = 110

Row = tuple[float, Callable[["Axes"], None]]
"""The height in inches of a part of the picture, and what draws it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of ink and of lines beside it, for a light or a dark page."""

    ink: str
    faint: str


LIGHT: Final = Theme("#222222", "#bbbbbb")
DARK: Final = Theme("#dddddd", "#555555")


def timeline(run: GpuRun, others: Sequence[Bar], theme: Theme) -> str:
    """A run as SVG with a clear background; `others` are jobs without a GPU. Empty for no jobs."""
    bars = [*others, *(bar for gpu in run.gpus for bar in gpu.bars)]
    if not bars:
        return ""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    drawing = _Drawing.of(bars, theme)
    rows = [*drawing.rows(run, others)]
    heights = [height for height, _ in rows]
    with mpl.rc_context(drawing.style):
        figure = Figure(figsize=(11, sum(heights) + 0.3 * len(rows) + 1), layout="constrained")
        grid = figure.subplots(
            len(rows), squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
        )
        for axes, (_, draw) in zip(grid[:, 0], rows, strict=True):
            draw(axes)
            axes.spines[["top", "right"]].set_visible(False)
        grid[-1, 0].set_xlim(0, drawing.seconds / drawing.scale)
        grid[-1, 0].set_xlabel(f"{drawing.unit} from the first job on")
        drawing.explain(figure)
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, dpi=_DPI, metadata={"Date": None})
    return text.getvalue()


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What all parts of the picture share: the axis of time, and colours by rule."""

    start: float
    seconds: float
    colours: dict[str, str]
    theme: Theme
    pixels: bool

    @classmethod
    def of(cls, bars: Sequence[Bar], theme: Theme) -> "_Drawing":
        start, end = min(bar.start for bar in bars), max(bar.end for bar in bars)
        rules = sorted({bar.rule for bar in bars})
        colours = {rule: _COLOURS[at % len(_COLOURS)] for at, rule in enumerate(rules)}
        return cls(start, max(end - start, 0.001), colours, theme, len(bars) > _MANY)

    @property
    def scale(self) -> float:
        """Seconds of the unit of time that suits the run."""
        return next((one for one in (3600.0, 60.0) if self.seconds > 3 * one), 1.0)

    @property
    def unit(self) -> str:
        """Its name."""
        return {3600.0: "hours", 60.0: "minutes", 1.0: "seconds"}[self.scale]

    @property
    def style(self) -> Any:
        """Matplotlib's settings."""
        ink = dict.fromkeys(("text.color", "xtick.color", "ytick.color"), self.theme.ink)
        edges = {"axes.labelcolor": self.theme.ink, "axes.edgecolor": self.theme.faint}
        texts = {"svg.fonttype": "none", "svg.hashsalt": "vat", "text.parse_math": False}
        return {**ink, **edges, **texts, "font.size": 9, "axes.titlesize": 9}

    def rows(self, run: GpuRun, others: Sequence[Bar]) -> Iterable[Row]:
        """The parts of the picture from top to bottom."""
        for gpu in run.gpus:
            yield self._jobs(gpu.name, gpu.bars)
            yield _MEMORY, partial(self._memory, gpu=gpu)
        if run.waited:
            waits = [Bar(start, end, "", "") for start, end in run.waited]
            yield self._jobs("Somebody waits for a GPU", waits)
        if others:
            yield self._jobs("Without a GPU", others)

    def explain(self, figure: Any) -> None:
        """The names of the colours."""
        from matplotlib.patches import Patch

        known = [Patch(color=colour, label=rule) for rule, colour in self.colours.items() if rule]
        figure.legend(handles=known, loc="outside upper left", ncols=8, frameon=False)

    def _jobs(self, title: str, bars: Sequence[Bar]) -> Row:
        lanes = lanes_of(bars)
        count = min(max(lanes, default=0) + 1, _MOST_LANES)

        def draw(axes: "Axes") -> None:
            axes.set_title(title, loc="left")
            axes.set_yticks([])
            axes.set_ylim(count, 0)
            axes.add_collection(self._shapes(bars, [lane % count for lane in lanes]))
            self._name(axes, bars, lanes, count)

        return _LANE * count, draw

    def _shapes(self, bars: Sequence[Bar], lanes: Sequence[int]) -> "PolyCollection":
        """The bars as one object: thousands would each take their time."""
        from matplotlib.collections import PolyCollection

        corners = [
            [(x, y) for x, y in ((left, top), (right, top), (right, low), (left, low))]
            for bar, lane in zip(bars, lanes, strict=True)
            for left, right in [(self._at(bar.start), self._at(bar.end))]
            for top, low in [(lane + 0.08, lane + 0.92)]
        ]
        colours = [self.colours[bar.rule] if bar.rule else self.theme.faint for bar in bars]
        return PolyCollection(corners, facecolors=colours, rasterized=self.pixels)

    def _name(self, axes: "Axes", bars: Sequence[Bar], lanes: Sequence[int], count: int) -> None:
        for bar, lane in zip(bars, lanes, strict=True):
            if bar.video and (bar.end - bar.start) / self.seconds > _WIDE:
                place = self._at((bar.start + bar.end) / 2), lane % count + 0.5
                name = axes.text(*place, bar.video[:_LONGEST_NAME], color="#000000", fontsize=7)
                name.set(horizontalalignment="center", verticalalignment="center")

    def _memory(self, axes: "Axes", gpu: GpuUse) -> None:
        """What was promised to jobs and kept by idle workers, and what jobs were seen to take."""
        promised = steps((bar.start, bar.end, bar.mem_mb) for bar in [*gpu.bars, *gpu.kept])
        seen = steps((bar.start, bar.end, bar.used_mb) for bar in gpu.bars)
        axes.set_ylim(0, max(gpu.total_mb, 1))
        axes.set_ylabel("MB")
        ink, both = self.theme.ink, ((promised, "promised", ":"), (seen, "seen at most", "-"))
        for found, label, line in both:
            times, mb = [self._at(time) for time, _ in found], [mb for _, mb in found]
            if any(mb):
                (drawn,) = axes.step(times, mb, line, where="post", label=label, color=ink)
                drawn.set(linewidth=1.2, rasterized=self.pixels)
        if promised:
            axes.legend(loc="upper right", fontsize=7, frameon=False, ncols=2)

    def _at(self, time: float) -> float:
        return (time - self.start) / self.scale


def lanes_of(bars: Sequence[Bar]) -> list[int]:
    """A lane for each bar, so that no two that overlap have the same: the first that is free."""
    ends, found = list[float](), [0] * len(bars)
    for at in sorted(range(len(bars)), key=lambda at: bars[at].start):
        free = [lane for lane, end in enumerate(ends) if end <= bars[at].start]
        lane = free[0] if free else len(ends)
        ends[lane : lane + 1] = [bars[at].end]
        found[at] = lane
    return found


def steps(spans: Iterable[tuple[float, float, int]]) -> list[tuple[float, int]]:
    """The sum of what spans hold, from each moment on at which it changes."""
    changes = dict[float, int]()
    for start, end, held in spans:
        changes[start] = changes.get(start, 0) + held
        changes[end] = changes.get(end, 0) - held
    total, found = 0, list[tuple[float, int]]()
    for time in sorted(changes):
        total += changes[time]
        found.append((time, total))
    return found
