"""How fast is the translation beside a plain script with the same batches and concurrency?

Both ask a server on this machine that takes a while to answer, as a language model does; VAT also
checks every answer and keeps it in a folder. Run it from the repository's folder:
python -m benchmarks.translation_throughput
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

import openai

from tests.helpers.chat_server import Behaviour, chat_server, lines
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate.settings import Means, TranslateSettings
from vat.translate.translate import translate

LINES, BATCH, CONCURRENCY, SECONDS, ROUNDS = 2000, 30, 4, 1.0, 3


def _serve(pipe: Connection) -> None:
    with chat_server(Behaviour(delay=SECONDS)) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def served() -> Iterator[str]:
    """The address of a server in a process of its own, as a real one would be."""
    ours, theirs = Pipe()
    process = Process(target=_serve, args=(theirs,))
    process.start()
    yield ours.recv()
    ours.send("over")
    process.join()


def questions(prompts: dict[str, str]) -> list[dict[str, object]]:
    """The requests that VAT sends."""
    with chat_server(Behaviour()) as server:
        whole(server.url, prompts)
        return list(server.requests)


def plain(requests: Sequence[dict[str, object]], url: str) -> float:
    """Seconds in which a plain script asks the same questions."""
    began = time.perf_counter()
    with openai.OpenAI(api_key="none", base_url=url) as client:

        def ask(request: dict[str, object]) -> object:
            answer = client.chat.completions.create(**request)  # type: ignore[call-overload]
            return json.loads(answer.choices[0].message.content)

        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(ask, requests))
    return time.perf_counter() - began


def whole(url: str, prompts: dict[str, str]) -> float:
    """Seconds of VAT's translation."""
    cues = [Cue(n, n * 4.0, n * 4.0 + 3, text) for n, text in enumerate(lines(LINES), 1)]
    settings = TranslateSettings("openai", "test", url, batch_size=BATCH, prompts=prompts)
    with tempfile.TemporaryDirectory() as folder:
        means = Means(concurrency=CONCURRENCY, folder=Path(folder))
        began = time.perf_counter()
        translate(cues, "en", "zh", settings, CueSettings(), means)
        return time.perf_counter() - began


def main() -> None:
    """Print one table: seconds of both and their ratio, round by round."""
    os.environ["OPENAI_API_KEY"] = "none"
    root = Path(__file__).parents[1]
    names = ("translate", "shorten")
    texts = {name: (root / f"config/prompts/{name}.txt").read_text("utf-8") for name in names}
    ratios = []
    with served() as url:
        requests = questions(texts)
        sys.stdout.write(
            f"{LINES} lines, {len(requests)} requests of {SECONDS} s, {CONCURRENCY} at once\n"
        )
        sys.stdout.write("round  plain s  vat s  ratio\n")
        for number in range(1, ROUNDS + 1):
            first, second = plain(requests, url), whole(url, texts)
            ratios.append(second / first)
            sys.stdout.write(f"{number:5}  {first:7.2f}  {second:5.2f}  {ratios[-1]:.3f}\n")
    sys.stdout.write(f"median ratio {statistics.median(ratios):.3f}\n")


if __name__ == "__main__":
    main()
