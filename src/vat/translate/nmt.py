"""Translation by a local model: NLLB, M2M100 and their like, through CTranslate2."""

import functools
import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from vat.device import gpu_errors, is_out_of_memory
from vat.errors import ModelError, TranslationError
from vat.languages import is_cjk, language
from vat.presets import CueSettings
from vat.sentences import sentence_ends
from vat.translate import Means, TranslateSettings

logger = logging.getLogger(__name__)

_BEAM_SIZE: Final = 4
_BATCH_TOKENS: Final = 2048
_MOST_TOKENS: Final = 256
"""Length of a translation at which CTranslate2 stops, finished or not; its own default."""
_M2M100_NAMES: Final = {"jw": "jv"}


def translate_texts(
    texts: Sequence[str],
    source: str,
    target: str,
    settings: TranslateSettings,
    layout: CueSettings,
    means: Means,
) -> list[str]:
    """Each text in the language `target`, sentence by sentence, in the same order.

    Raises:
        ModelError: where the folder holds no such model, or the model not these languages.
        TranslationError: where a sentence stays without translation.
        GpuMemoryError: where the GPU's memory is full.
    """
    with gpu_errors("translating"):
        translator, tokenizer = load_translator(settings.model, means.device, means.threads)
        tokens = language_token(tokenizer, source), language_token(tokenizer, target, target=True)
        if tokens[0] == tokens[1]:
            logger.info("the model has one token for %s and %s; nothing is changed", source, target)
            return list(texts)
        sentences = [_sentences(text, source) for text in texts]
        # What has no letters (a figure, a note of music) says the same in any language; a model
        # that is asked for it invents a sentence.
        spoken = [one for group in sentences for one in group if any(map(str.isalpha, one))]
        found = iter(_translate(spoken, translator, tokenizer, tokens))
    joint = "" if is_cjk(target) else " "
    logger.info("%d sentences of %d subtitles translated", len(spoken), len(texts))
    return [
        joint.join(next(found) if any(map(str.isalpha, one)) else one for one in group)
        for group in sentences
    ]


@functools.cache
def load_translator(folder: str, device: str, threads: int) -> tuple[Any, Any]:
    """The model and its tokenizer, loaded once per process.

    Raises:
        ModelError: where the folder holds no such model.
    """
    import ctranslate2
    from tokenizers import Tokenizer

    try:
        translator = ctranslate2.Translator(folder, device=device, intra_threads=threads)
        tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    except Exception as error:
        # tokenizers raises plain Exception.
        if is_out_of_memory(error):
            raise
        raise ModelError(
            f"The translation model in '{folder}' cannot be loaded ({error});"
            " check translate.model."
        ) from error
    return translator, tokenizer


def language_token(tokenizer: Any, code: str, *, target: bool = False) -> str:
    """The token by which the model knows a language: eng_Latn as in NLLB, or __en__ as in M2M100.

    Raises:
        ModelError: where it knows neither. M2M100 writes Chinese in simplified characters only.
    """
    known = language(code)
    base = code.split("-", maxsplit=1)[0]
    tokens = [known.flores, f"__{code}__", f"__{_M2M100_NAMES.get(base, base)}__"]
    if target and code == "zh-hant":
        tokens = [known.flores]
    for token in tokens:
        if token and tokenizer.token_to_id(token) is not None:
            return token
    raise ModelError(
        f"The translation model does not know {known.english}; name another in translate.model."
    )


def _translate(
    sentences: Sequence[str], translator: Any, tokenizer: Any, tokens: tuple[str, str]
) -> list[str]:
    """Each sentence translated; one that came out empty or endless is tried a second time."""
    found = _attempt(sentences, translator, tokenizer, tokens, {})
    failed = [index for index, text in enumerate(found) if not text]
    if failed:
        logger.warning("%d sentences are translated again, without repetitions", len(failed))
        again = [sentences[index] for index in failed]
        options = {"no_repeat_ngram_size": 3}
        for index, text in zip(
            failed, _attempt(again, translator, tokenizer, tokens, options), strict=True
        ):
            if not text:
                raise TranslationError(
                    f"The model has no translation for '{sentences[index]}'; try another"
                    " translate.model."
                )
            found[index] = text
    return found


def _attempt(
    sentences: Sequence[str],
    translator: Any,
    tokenizer: Any,
    tokens: tuple[str, str],
    options: dict[str, Any],
) -> list[str]:
    """One translation of each sentence; empty where there is none, or it did not come to an end."""
    said = [
        [tokens[0], *tokenizer.encode(sentence, add_special_tokens=False).tokens, "</s>"]
        for sentence in sentences
    ]
    try:
        results = translator.translate_batch(
            said,
            target_prefix=[[tokens[1]]] * len(said),
            beam_size=_BEAM_SIZE,
            max_batch_size=_BATCH_TOKENS,
            batch_type="tokens",
            max_input_length=0,  # otherwise the end of a long sentence is cut off in silence
            max_decoding_length=_MOST_TOKENS,
            disable_unk=True,  # otherwise words may vanish when the tokens become text
            **options,
        )
    except RuntimeError as error:
        if "position encodings" not in str(error):
            raise
        longest = max(zip(map(len, said), sentences, strict=True))[1]
        raise TranslationError(
            f"The sentence '{longest}' is too long for the model; try another translate.model."
        ) from error
    return [_text(result.hypotheses[0], tokenizer, tokens[1]) for result in results]


def _text(hypothesis: Sequence[str], tokenizer: Any, token: str) -> str:
    if len(hypothesis) >= _MOST_TOKENS:
        return ""
    numbers = [tokenizer.token_to_id(one) for one in hypothesis if one != token]
    if None in numbers:
        raise ModelError(
            "The tokenizer.json of the translation model belongs to another model; convert it again"
            " and copy its own tokenizer.json."
        )
    text: str = tokenizer.decode(numbers)
    return text.strip()


def _sentences(text: str, code: str) -> list[str]:
    places = [0, *sentence_ends(text, code), len(text)]
    found = (text[a:b].strip() for a, b in pairwise(places))
    return [sentence for sentence in found if sentence] or [text]
