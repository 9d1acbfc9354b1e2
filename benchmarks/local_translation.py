"""How fast is the translation by a local model beside plain CTranslate2 with the same options?

The model is the demo's, widened with weights that add nothing until it costs what a small NLLB
does. VAT also forms sentences, checks every answer and lays it out. Run it from the repository's
folder: python -m benchmarks.local_translation
"""

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import Tokenizer

from benchmarks.real_gpu.weights import Model, Weights, read_model, write_model
from tiny import lexicon
from vat.subtitles.limits import CueSettings
from vat.timeline import Cue
from vat.translate.nmt import load_translator
from vat.translate.settings import Means, TranslateSettings
from vat.translate.translate import translate

LINES, WIDER, ROUNDS, THREADS = 200, 256, 3, 1
MODEL: Final = Path("models/translator")
LANGUAGES: Final = ("eng_Latn", "zho_Hans")
OPTIONS: Final[dict[str, Any]] = {
    "beam_size": 4,
    "max_batch_size": 2048,
    "batch_type": "tokens",
    "max_input_length": 0,
    "disable_unk": True,
}


def widened(model: Model) -> Model:
    """The model with feed-forward layers so many times as wide, and the same answers."""
    return replace(
        model, variables={name: _wide(name, one) for name, one in model.variables.items()}
    )


def _wide(name: str, weights: Weights) -> Weights:
    if "/ffn/linear_0/" in name:
        padding = [(0, len(weights) * (WIDER - 1)), *[(0, 0)] * (weights.ndim - 1)]
        return np.pad(weights, padding, constant_values=int(name.endswith("scale")))
    if name.endswith("/ffn/linear_1/weight"):
        return np.pad(weights, [(0, 0), (0, weights.shape[1] * (WIDER - 1))])
    return weights


def plain(folder: Path, texts: Sequence[str]) -> float:
    """Seconds of the processor in which a plain script translates the lines."""
    translator = load_translator(str(folder), "cpu", THREADS)
    began = time.process_time()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = [
        [LANGUAGES[0], *tokenizer.encode(text, add_special_tokens=False).tokens, "</s>"]
        for text in texts
    ]
    prefix = [[LANGUAGES[1]]] * len(texts)
    for result in translator.translate_batch(tokens, target_prefix=prefix, **OPTIONS):
        ids = [tokenizer.token_to_id(one) for one in result.hypotheses[0][1:]]
        tokenizer.decode([one for one in ids if one is not None])
    return time.process_time() - began


def whole(folder: Path, texts: Sequence[str]) -> float:
    """Seconds in which VAT does."""
    cues = [Cue(at, at * 4.0, at * 4.0 + 3.5, text) for at, text in enumerate(texts, 1)]
    settings = TranslateSettings("ctranslate2", str(folder))
    began = time.process_time()
    translate(cues, "en", "zh", settings, CueSettings(), Means(threads=THREADS))
    return time.process_time() - began


def main() -> None:
    """Print one table."""
    chance = random.Random(1)
    texts = [lexicon.sentence(chance) for _ in range(LINES)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in MODEL.iterdir():
            shutil.copy(path, folder)
        write_model(widened(read_model(MODEL / "model.bin")), folder / "model.bin")
        size = (folder / "model.bin").stat().st_size / 2**20
        for one in (plain, whole):
            one(folder, texts[:10])
        rounds = [(plain(folder, texts), whole(folder, texts)) for _ in range(ROUNDS)]
    ratios = sorted(vat / script for script, vat in rounds)
    sys.stdout.write(f"{LINES} lines, a model of {size:.0f} MB on one core\n")
    for script, vat in rounds:
        sys.stdout.write(f"plain {script:6.2f} s  VAT {vat:6.2f} s  {vat / script:.3f}\n")
    middle = statistics.median(ratios)
    sys.stdout.write(
        f"VAT takes {middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) times as long\n"
    )


if __name__ == "__main__":
    main()
