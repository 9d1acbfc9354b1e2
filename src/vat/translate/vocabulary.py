"""Text into the tokens of a local model and back, by the names it has for languages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from vat.errors import ModelError
from vat.languages import base, chinese_script, language

_END: Final = "</s>"
_MADLAD: Final = "<2en>"
_M2M100_NAMES: Final = {"jw": "jv"}
_MADLAD_NAMES: Final = {"he": "iw", "jw": "jv", "tl": "fil", "nb": "no"}
_OPUS_NAMES: Final = {
    "zh": ("cmn_Hans", "cmn", "zho_Hans"),
    "Hans": ("cmn_Hans", "cmn", "zho_Hans"),
    "Hant": ("cmn_Hant", "zho_Hant"),
    "no": ("nob",),
    "pt-br": ("pob", "pt_BR", "pt_br"),
}


class Vocabulary(Protocol):
    """How one model writes sentences of one pair of languages."""

    @property
    def same(self) -> bool:
        """Whether the model has one name for both languages, and nothing to translate."""

    def encode(self, sentence: str) -> list[str]:
        """The tokens of a sentence."""

    def prefix(self) -> list[str] | None:
        """The tokens that a translation begins with."""

    def decode(self, tokens: Sequence[str]) -> str:
        """The text of a translation's tokens.

        Raises:
            ModelError: where they are not of this vocabulary.
        """


def load_vocabulary(folder: str, source: str, target: str) -> Vocabulary:
    """The vocabulary of the model in a folder, for one pair of languages.

    Raises:
        ModelError: where the folder has none, or the model does not know a language.
    """
    if (Path(folder) / "source.spm").is_file():
        return Pieces.load(Path(folder), target)
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    except Exception as error:
        # tokenizers raises plain Exception.
        raise ModelError(
            f"The translation model in '{folder}' has neither a readable tokenizer.json nor"
            f" a source.spm ({error}); check translate.model."
        ) from error
    if tokenizer.token_to_id(_MADLAD) is not None:
        return TargetToken(tokenizer, madlad_token(tokenizer, target), base(source) == base(target))
    return LanguageTokens(
        tokenizer, language_token(tokenizer, source), language_token(tokenizer, target, target=True)
    )


@dataclass(frozen=True, slots=True)
class LanguageTokens:
    """A tokenizer of many languages; a token names the one that is meant."""

    tokenizer: Any
    source: str
    target: str

    @property
    def same(self) -> bool:
        """Whether both languages have one token."""
        return self.source == self.target

    def encode(self, sentence: str) -> list[str]:
        """The language, the tokens, and the end."""
        tokens = self.tokenizer.encode(sentence, add_special_tokens=False).tokens
        return [self.source, *tokens, _END]

    def prefix(self) -> list[str]:
        """The language."""
        return [self.target]

    def decode(self, tokens: Sequence[str]) -> str:
        """The text without the language's token."""
        return _text(self.tokenizer, [one for one in tokens if one != self.target])


@dataclass(frozen=True, slots=True)
class TargetToken:
    """A tokenizer of many languages, where a token before the source names the target: MADLAD."""

    tokenizer: Any
    target: str
    same: bool

    def encode(self, sentence: str) -> list[str]:
        """The target, the tokens, and the end."""
        tokens = self.tokenizer.encode(sentence, add_special_tokens=False).tokens
        return [self.target, *tokens, _END]

    def prefix(self) -> None:
        """MADLAD names the target in the source."""

    def decode(self, tokens: Sequence[str]) -> str:
        """The text of the tokens."""
        return _text(self.tokenizer, [one for one in tokens if one != _END])


def _text(tokenizer: Any, tokens: Sequence[str]) -> str:
    numbers = [tokenizer.token_to_id(one) for one in tokens]
    if None in numbers:
        raise ModelError(
            "The tokenizer.json of the translation model belongs to another model; convert it"
            " again and copy its own tokenizer.json."
        )
    text: str = tokenizer.decode(numbers)
    return text.strip()


def madlad_token(tokenizer: Any, code: str) -> str:
    """The token by which MADLAD knows a target, such as <2de>.

    Raises:
        ModelError: where it knows none. It writes Chinese in simplified characters only.
    """
    name = base(code)
    names = [code.replace("-", "_"), name, _MADLAD_NAMES.get(name, name)]
    for one in names if chinese_script(code) != "Hant" else ():
        if tokenizer.token_to_id(f"<2{one}>") is not None:
            return f"<2{one}>"
    raise _unknown(code)


def language_token(tokenizer: Any, code: str, *, target: bool = False) -> str:
    """The token by which the model knows a language: eng_Latn as in NLLB, or __en__ as in M2M100.

    Raises:
        ModelError: where it knows neither. M2M100 writes Chinese in simplified characters only.
    """
    known = language(code)
    name = base(code)
    tokens = [known.flores, f"__{code}__", f"__{_M2M100_NAMES.get(name, name)}__"]
    if target and chinese_script(code) == "Hant":
        tokens = [known.flores]
    for token in tokens:
        if token and tokenizer.token_to_id(token) is not None:
            return token
    raise _unknown(code)


@dataclass(frozen=True, slots=True)
class Pieces:
    """The two SentencePiece models of an OPUS-MT model, and the token of its target, if it has one.

    `end` is empty where the converted model adds the end of a sentence by itself.
    """

    source: Any
    target: Any
    token: str | None
    end: str
    same: bool = False

    @classmethod
    def load(cls, folder: Path, target: str) -> "Pieces":
        """The pieces of the model in a folder."""
        try:
            import sentencepiece
        except ImportError as error:
            raise ModelError(
                "OPUS-MT models need sentencepiece, which is not installed; run: pip"
                " install sentencepiece."
            ) from error
        try:
            models = [
                sentencepiece.SentencePieceProcessor(model_file=str(folder / name))
                for name in ("source.spm", "target.spm")
            ]
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelError(
                f"The files of the translation model in '{folder}' cannot be read ({error}); check"
                " translate.model."
            ) from error
        end = "" if config.get("add_source_eos") else _END
        return cls(models[0], models[1], opus_token(_known(folder), target), end)

    def encode(self, sentence: str) -> list[str]:
        """The target's token where the model has several, the pieces, and the end."""
        pieces = self.source.encode(sentence, out_type=str)
        return [*([self.token] if self.token else []), *pieces, *([self.end] if self.end else [])]

    def prefix(self) -> None:
        """OPUS-MT names the target in the source."""

    def decode(self, tokens: Sequence[str]) -> str:
        """The text of the pieces."""
        text: str = self.target.decode([one for one in tokens if one != _END])
        return text.strip()


def _known(folder: Path) -> list[str]:
    """The vocabulary that the source is written in."""
    for name in ("source_vocabulary.json", "shared_vocabulary.json"):
        if (folder / name).is_file():
            tokens: list[str] = json.loads((folder / name).read_text(encoding="utf-8"))
            return tokens
    return []


def opus_token(known: Sequence[str], code: str) -> str | None:
    """The token of a target language, such as >>deu<<; None for a model of one target.

    Raises:
        ModelError: where the model has tokens of languages, and none of this one.
    """
    tokens = {one for one in known if one.startswith(">>") and one.endswith("<<")}
    if not tokens:
        return None
    wanted = language(code)
    script = chinese_script(code)
    names = [*_OPUS_NAMES.get(script or code, ()), wanted.flores, wanted.iso639_2, base(code)]
    for name in names if script != "Hant" else names[:3]:
        if f">>{name}<<" in tokens:
            return f">>{name}<<"
    raise _unknown(code)


def _unknown(code: str) -> ModelError:
    return ModelError(
        f"The translation model does not know {language(code).english}; name another in"
        " translate.model."
    )
