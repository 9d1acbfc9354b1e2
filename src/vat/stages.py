"""The version of each stage.

A version is a param of the stage's rule. Raise it when the same input and settings would give
another output than before: an upgrade then reruns exactly that stage and what follows it.
"""

from typing import Final

VERSIONS: Final = {
    "fetch_model": 1,
    "download": 1,
    "extract_audio": 1,
    "separate": 1,
    "split": 3,
    "asr_chunk": 3,
    "merge": 3,
    "translate": 3,
    "propose_terms": 1,
    "bilingual": 1,
    "embed": 3,
    "deliver": 2,
}
