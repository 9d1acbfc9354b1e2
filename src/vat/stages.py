"""The version of each stage.

A version is a param of the stage's rule. Raise it when the same input and settings would give
another output than before: an upgrade then reruns exactly that stage and what follows it.
"""

from typing import Final

VERSIONS: Final = {
    "fetch_model": 1,
    "download": 5,
    "extract_audio": 4,
    "separate": 2,
    "split": 6,
    "asr_chunk": 7,
    "shot_changes": 1,
    "speakers": 3,
    "merge": 15,
    "word_times": 1,
    "existing_subtitles": 5,
    "overview": 1,
    "translate": 13,
    "propose_terms": 2,
    "propose_people": 1,
    "edit": 2,
    "bilingual": 3,
    "embed": 7,
    "deliver": 3,
}
