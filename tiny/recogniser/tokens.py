"""The tokenizer, with Whisper's special tokens; by its size CTranslate2 knows an English model.

python -m tiny.recogniser.tokens models/asr/tokenizer.json
"""

import argparse
from pathlib import Path
from typing import Final

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from tiny import ROOT
from tiny.recogniser import grammar

SPECIAL: Final = (
    "endoftext",
    "startoftranscript",
    "en",
    "translate",
    "transcribe",
    "startoflm",
    "startofprev",
    "nospeech",
    "notimestamps",
)
TIMES: Final = 1501
"""Tokens for moments: 0.00 to 30.00 s in steps of 20 ms."""


def make_tokenizer() -> Tokenizer:
    """Byte-pair encoding in which every word of the language is one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    words = [" " + word for word in grammar.WORDS]
    words += [" " + word[0].upper() + word[1:] for word in grammar.WORDS]
    trainer = trainers.BpeTrainer(
        vocab_size=5000,
        min_frequency=1,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(words * 3, trainer)
    names = [*SPECIAL, *(f"{step * 0.02:.2f}" for step in range(TIMES))]
    tokenizer.add_special_tokens(
        [AddedToken(f"<|{name}|>", special=True, normalized=False) for name in names]
    )
    return tokenizer


class Tokens:
    """The tokens of words and marks, and Whisper's special ones, by their numbers."""

    def __init__(self, path: Path = ROOT / "models" / "asr" / "tokenizer.json") -> None:
        self.tokenizer = Tokenizer.from_file(str(path))
        self.size = self.tokenizer.get_vocab_size()
        self.end = self._special("endoftext")
        self.start = self._special("startoftranscript")
        self.previous = self._special("startofprev")
        self.no_speech = self._special("nospeech")
        self.no_times = self._special("notimestamps")
        self.zero = self._special("0.00")
        self._known: dict[str, int] = {}

    def of(self, text: str) -> int:
        """The token of a word, with the blank before it, or of a punctuation mark."""
        if text not in self._known:
            spaced = " " + text if text[0].isalpha() else text
            (self._known[text],) = self.tokenizer.encode(spaced, add_special_tokens=False).ids
        return self._known[text]

    def _special(self, name: str) -> int:
        return int(self.tokenizer.encode(f"<|{name}|>", add_special_tokens=False).ids[0])


def main() -> None:
    """Make the tokenizer and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    path = parser.parse_args().output
    make_tokenizer().save(str(path))
    tokens = Tokens(path)
    for word in grammar.WORDS:
        tokens.of(word), tokens.of(word[0].upper() + word[1:])
    print(tokens.size, "tokens")


if __name__ == "__main__":
    main()
