"""Measure the tiny translator on 500 sentences that it was not trained on.

python -m tiny.translator.evaluate models/translator
"""

import argparse
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

from tiny import ROOT, lexicon
from tiny.translator import held_out


def translations(folder: Path, texts: list[str]) -> list[str]:
    """What the model in a folder makes of sentences."""
    translator = ctranslate2.Translator(str(folder), intra_threads=1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    said = [
        ["eng_Latn", *tokenizer.encode(text, add_special_tokens=False).tokens, "</s>"]
        for text in texts
    ]
    numbers = tokenizer.get_vocab()
    results = translator.translate_batch(said, target_prefix=[["zho_Hans"]] * len(said))
    return [
        tokenizer.decode([numbers[token] for token in result.hypotheses[0][1:]])
        for result in results
    ]


def main() -> None:
    """Print the share of exact translations and the first wrong ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "models" / "translator")
    texts = held_out()
    heard = translations(parser.parse_args().folder, texts)
    wrong = [
        (text, got)
        for text, got in zip(texts, heard, strict=True)
        if got != lexicon.translate(text)
    ]
    print(f"{100 * (1 - len(wrong) / len(texts)):.1f} % of {len(texts)} exact")
    for text, got in wrong[:5]:
        print(f"  {text} -> {got} instead of {lexicon.translate(text)}")


if __name__ == "__main__":
    main()
