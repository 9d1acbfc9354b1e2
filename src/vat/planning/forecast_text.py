"""A forecast in words, as it is printed."""

from vat.planning.forecast import Forecast


def told(found: Forecast) -> str:
    """A forecast for people to read."""
    shown = f"{found.videos} videos, {found.hours:.2f} hours, {found.chunks} chunks"
    if found.unknown:
        shown += f"; {found.unknown} videos are not counted: only their download tells their length"
    low, high = found.expected_range
    lines = [
        shown,
        f"Expected: {_time(found.expected_seconds)} ({_time(low)} to {_time(high)});"
        f" the first video after {_time(found.first_video_seconds)}.",
        f"At least {_time(found.bound_seconds)}, bounded by {found.bounded_by}.",
    ]
    stages = ", ".join(f"{n} {h:.2f}" for n, h in found.gpu_hours.items() if n != "total")
    lines += [f"GPU-hours: {found.gpu_hours['total']:.2f} ({stages})"] if stages else []
    if found.tokens["input"]:
        price = "no prices are set" if found.cost is None else f"{found.cost:.2f}"
        lines.append(
            f"Translation: {found.tokens['input']:,} + {found.tokens['output']:,} tokens, {price}."
        )
    lines.append(
        f"Disk: {found.disk_mb['end']:,} MB in the end, {found.disk_mb['peak']:,} MB at the peak."
    )
    lines += [f"With {what}: {_time(seconds)}." for what, seconds in found.what_if.items()]
    lines.append("Seconds for a second of video:")
    for one in found.speeds:
        known = "measured" if one.measured else "assumed"
        lines.append(
            f"  {one.stage:14} {one.rate:8.4f} ({one.low:.4f} to {one.high:.4f}), and"
            f" {one.start:.1f} s a job; {known}: {one.source}"
        )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
