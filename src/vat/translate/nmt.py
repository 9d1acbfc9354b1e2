"""Translation by a local model through CTranslate2: NLLB, M2M100, OPUS-MT and their like."""

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Final

from vat.errors import ModelError, TranslationError
from vat.jobs.device import gpu_errors, is_out_of_memory, sums_bytes_exactly
from vat.subtitles.chinese import written
from vat.subtitles.lines import columns
from vat.subtitles.sentences import sentence_ends
from vat.translate.cue_fit import divide
from vat.translate.glossary import replace_terms
from vat.translate.integrity import Fault, faults
from vat.translate.job import TranslationJob
from vat.translate.sentences import joint, sentences
from vat.translate.vocabulary import Vocabulary, load_vocabulary
from vat.translate.written_language import has_letters

logger = logging.getLogger(__name__)

_BEAM_SIZE: Final = 4
_BATCH_TOKENS: Final = 2048
"""Tokens in one batch. CTranslate2 sorts sentences by length, so that few of them are padding."""

_SCALE: Final = b"weight_scale"
"""What stands in the name of a variable that belongs to weights of 8 bits."""

_LEAST_TOKENS: Final = 256
_MOST_TOKENS: Final = 256
"""Length of a translation at which CTranslate2 stops, finished or not; its own default."""

_AGAIN: Final = {"no_repeat_ngram_size": 3}
_ONE_NAME: Final = "the model has one name for both languages, so the text is as it was"
_UNDIVIDED: Final = Fault("its translation cannot be divided", True)


def translate_texts(job: TranslationJob) -> dict[int, str]:
    """Each text that has letters in the target language, by index, whole sentences at a time.

    A sentence over several cues is translated as one and divided again; where that cannot be done,
    cue by cue. What came out empty, endless or otherwise wrong is tried a second time, without
    repetitions and with the glossary's words in the source.

    Raises:
        ModelError: where the folder holds no such model, or the model not these languages.
        TranslationError: where a sentence stays without translation.
        GpuMemoryError: where the GPU's memory is full.
    """
    with gpu_errors("translating"):
        machine = Machine.load(job)
        if machine.vocabulary.same:
            for at, text in enumerate(job.texts):
                job.doubt(at, _ONE_NAME if has_letters(text) else "")
            return dict(enumerate(job.texts))
        groups = [
            group
            for group in sentences(job.cues, job.source)
            if any(has_letters(job.texts[at]) for at in group)
        ]
        job.report.sentences = len(groups)
        refused = machine.run(groups)
        if refused:
            logger.warning("%d sentences are translated again, cue by cue", len(refused))
            parts = [range(at, at + 1) for group in refused for at in group]
            refused = machine.run(parts, again=True)
    logger.info("%d sentences of %d subtitles translated", len(groups), len(job.texts))
    failures = {at: fault.reason for group, fault in refused.items() for at in group}
    return machine.found | job.without(failures)


@functools.cache
def load_translator(folder: str, device: str, threads: int) -> Any:
    """The model, loaded once per process.

    Raises:
        ModelError: where the folder holds no such model.
    """
    import ctranslate2

    kind = number_format(folder, device)
    logger.info("loading %s on %s as %s", folder, device, kind)
    try:
        return ctranslate2.Translator(
            folder, device=device, compute_type=kind, intra_threads=threads
        )
    except (RuntimeError, ValueError, OSError) as error:
        if is_out_of_memory(error):
            raise
        raise ModelError(
            f"The translation model in '{folder}' cannot be loaded ({error});"
            " check translate.model."
        ) from error


def number_format(folder: str, device: str) -> str:
    """The number format in which a model is computed, by the device and by how it was saved.

    A GPU takes 16 bits, and weights of 8 bits as they are, for they may be all that fits. A CPU
    takes 8 bits where it sums them exactly, else what was saved.
    """
    if device != "cuda":
        return "int8" if sums_bytes_exactly() else "default"
    return "int8_float16" if _is_saved_in_8_bits(Path(folder) / "model.bin") else "float16"


def _is_saved_in_8_bits(model: Path) -> bool:
    """Whether the weights in a file have scales, as whole numbers do."""
    if not model.is_file() or not model.stat().st_size:
        return False
    with model.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return content.find(_SCALE) >= 0


@dataclass(slots=True)
class Machine:
    """One model at work on one job; `found` has the texts by index."""

    job: TranslationJob
    translator: Any
    vocabulary: Vocabulary
    batch_tokens: int = _BATCH_TOKENS
    found: dict[int, str] = field(default_factory=dict)

    @classmethod
    def load(cls, job: TranslationJob) -> "Machine":
        """The model and the vocabulary that the job's settings name."""
        folder = job.settings.model
        translator = load_translator(folder, job.means.device, job.means.threads)
        return cls(job, translator, load_vocabulary(folder, *job.pair))

    def run(self, groups: Sequence[range], *, again: bool = False) -> dict[range, Fault]:
        """Translate groups of cues; those without a translation that can be one, and why.

        `again` does it in another way: without repetitions, with the glossary's words in place.
        """
        pieces = {group: self._sentences(group, substitute=again) for group in groups}
        flat = [piece for group in groups for piece in pieces[group]]
        # What has no letters (a figure, a note of music) says the same in any language; a model
        # that is asked for it invents a sentence.
        said = [piece for piece in flat if has_letters(piece)]
        answers = iter(self._translate(said, _AGAIN if again else {}))
        refused = {}
        for group in groups:
            parts = [next(answers) if has_letters(one) else one for one in pieces[group]]
            fault = self._take(group, parts)
            if fault is not None:
                refused[group] = fault
        return refused

    def _sentences(self, group: range, *, substitute: bool) -> list[str]:
        text = joint(self.job.source).join(self.job.texts[at] for at in group)
        places = [0, *sentence_ends(text, self.job.source), len(text)]
        parts = (text[a:b].strip() for a, b in pairwise(places))
        found = [part for part in parts if part] or [text]
        return [replace_terms(one, text, self.job.terms) for one in found] if substitute else found

    def _take(self, group: range, parts: Sequence[str]) -> Fault | None:
        """Take a translation unless something is certainly wrong with it; what that is."""
        job = self.job
        if not all(parts):
            return Fault("it has no translation", True)
        text = joint(job.target).join(parts)
        sources = [job.texts[at] for at in group]
        texts = [text]
        if len(group) > 1:
            divided = divide(text, job.target, [columns(source) for source in sources])
            if divided is None:
                return _UNDIVIDED
            texts = divided
        whole = joint(job.source).join(sources)
        found = faults([whole], [text], job.pair, job.terms)
        certain = [fault for fault in found if fault.certain]
        if certain:
            return certain[0]
        self.found.update(zip(group, texts, strict=True))
        for at in group:
            job.doubt(at, "; ".join(fault.reason for fault in found))
        return None

    def _translate(self, said: Sequence[str], options: Mapping[str, Any]) -> list[str]:
        """One translation of each sentence; empty where there is none, or it came to no end."""
        tokens = [self.vocabulary.encode(sentence) for sentence in said]
        prefix = self.vocabulary.prefix()
        while True:
            try:
                results = self.translator.translate_batch(
                    tokens,
                    target_prefix=None if prefix is None else [prefix] * len(tokens),
                    beam_size=_BEAM_SIZE,
                    max_batch_size=self.batch_tokens,
                    batch_type="tokens",
                    max_input_length=0,  # otherwise the end of a long sentence is lost in silence
                    max_decoding_length=_MOST_TOKENS,
                    disable_unk=True,  # otherwise words may vanish when tokens become text
                    **options,
                )
            except RuntimeError as error:
                if "position encodings" in str(error):
                    raise _too_long(said, tokens) from error
                if not is_out_of_memory(error) or self.batch_tokens <= _LEAST_TOKENS:
                    raise
                self.batch_tokens //= 2
                logger.warning(
                    "the GPU's memory is full; going on with batches of %d tokens",
                    self.batch_tokens,
                )
            else:
                return [self._text(result.hypotheses[0]) for result in results]

    def _text(self, hypothesis: Sequence[str]) -> str:
        if len(hypothesis) >= _MOST_TOKENS:
            return ""
        return written(self.vocabulary.decode(hypothesis), self.job.target)


def _too_long(said: Iterable[str], tokens: Iterable[Sequence[str]]) -> TranslationError:
    longest = max(zip(map(len, tokens), said, strict=True))[1]
    return TranslationError(
        f"The sentence '{longest}' is too long for the model; try another translate.model."
    )
