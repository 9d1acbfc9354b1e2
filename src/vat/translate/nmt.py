"""Translation by a local model: NLLB, M2M100 and their like, through CTranslate2."""

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sentencex

from vat.cues import CueSettings
from vat.device import gpu_errors, is_out_of_memory
from vat.errors import ModelError, TranslationError
from vat.languages import is_cjk, language
from vat.translate import Means, TranslateSettings

logger = logging.getLogger(__name__)

_BEAM_SIZE = 4
_BATCH_TOKENS = 2048


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
        sentences = [_sentences(text, source) for text in texts]
        flat = [sentence for group in sentences for sentence in group]
        tokens = _language_token(tokenizer, source), _language_token(tokenizer, target)
        found = iter(_translate(flat, translator, tokenizer, tokens))
    joint = "" if is_cjk(target) else " "
    logger.info("%d sentences of %d subtitles translated", len(flat), len(texts))
    return [joint.join(next(found) for _ in group) for group in sentences]


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


def _translate(
    sentences: Sequence[str], translator: Any, tokenizer: Any, tokens: tuple[str, str]
) -> list[str]:
    said = [
        [tokens[0], *tokenizer.encode(sentence, add_special_tokens=False).tokens, "</s>"]
        for sentence in sentences
    ]
    results = translator.translate_batch(
        said,
        target_prefix=[[tokens[1]]] * len(said),
        beam_size=_BEAM_SIZE,
        max_batch_size=_BATCH_TOKENS,
        batch_type="tokens",
    )
    found = []
    for sentence, result in zip(sentences, results, strict=True):
        heard = [token for token in result.hypotheses[0] if token != tokens[1]]
        text = tokenizer.decode([tokenizer.token_to_id(token) for token in heard]).strip()
        if not text:
            raise TranslationError(
                f"The model has no translation for '{sentence}'; try another translate.model."
            )
        found.append(text)
    return found


def _language_token(tokenizer: Any, code: str) -> str:
    """The token by which the model knows a language: eng_Latn as in NLLB, or __en__ as in M2M100.

    Raises:
        ModelError: where it knows neither.
    """
    known = language(code)
    for token in (known.flores, f"__{code}__", f"__{code.split('-', maxsplit=1)[0]}__"):
        if token and tokenizer.token_to_id(token) is not None:
            return token
    raise ModelError(
        f"The translation model does not know {known.english}; name another in translate.model."
    )


def _sentences(text: str, code: str) -> list[str]:
    found = sentencex.segment(code.split("-", maxsplit=1)[0], text)
    return [sentence.strip() for sentence in found if sentence.strip()] or [text]
