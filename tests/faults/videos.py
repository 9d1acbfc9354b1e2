"""Videos with damage anywhere: each is finished, or named with a sentence."""

from pathlib import Path
from random import Random

from tests.faults.figures import ROOT, Figures, finish


def videos(random: Random, tries: int, folder: Path, figures: Figures) -> None:
    """Damage copies of the demo's videos at random places."""
    sources = sorted((ROOT / "demo").glob("*.mp4")) + sorted((ROOT / "demo").glob("*.mkv"))
    given = folder / "in"
    given.mkdir()
    for number in range(tries):
        source = random.choice(sources)
        data = _damaged(bytearray(source.read_bytes()), random)
        (given / f"{number:04}{source.suffix}").write_bytes(data)
    config = (f"videos={given}", "separate={enabled: false}")
    _, said = finish(folder / "run", "--until", "separate", config=config, limit_s=900)
    figures.tries += tries
    figures.heard("damaged videos", said)
    for path in given.iterdir():
        made = list(folder.glob(f"run/results/{path.stem}-*/speech.flac"))
        if not made and path.name not in said:
            figures.losses.append(f"{path.name} is neither finished nor named")


def _damaged(data: bytearray, random: Random) -> bytes:
    kind = random.randrange(4)
    begin = random.randrange(len(data))
    length = random.randrange(1, max(2, len(data) // 10))
    if kind == 0:
        return bytes(data[:begin])
    if kind == 1:
        data[begin : begin + length] = bytes(len(data[begin : begin + length]))
    elif kind == 2:
        data[begin : begin + length] = random.randbytes(len(data[begin : begin + length]))
    else:
        for _ in range(random.randrange(1, 100)):
            data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)
