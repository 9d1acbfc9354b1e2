"""Measure the tiny translator on 500 sentences it was not trained on.

python models/training/translator/evaluate.py models/translator
"""

import sys
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lexicon
from translator.train import held_out


def main(folder: str) -> None:
    """Print the share of exact translations and the first wrong ones."""
    translator = ctranslate2.Translator(folder, intra_threads=1)
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    texts = held_out()
    said = [
        ["eng_Latn", *tokenizer.encode(text, add_special_tokens=False).tokens, "</s>"]
        for text in texts
    ]
    results = translator.translate_batch(said, target_prefix=[["zho_Hans"]] * len(said))
    heard = [
        tokenizer.decode([tokenizer.token_to_id(t) for t in r.hypotheses[0][1:]]) for r in results
    ]
    wrong = [
        (text, got)
        for text, got in zip(texts, heard, strict=True)
        if got != lexicon.translate(text)
    ]
    print(f"{100 * (1 - len(wrong) / len(texts)):.1f} % of {len(texts)} exact")
    for text, got in wrong[:5]:
        print(f"  {text} -> {got} instead of {lexicon.translate(text)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
