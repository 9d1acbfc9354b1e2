"""The tiny translator (M2M100 architecture), from the tiny language into Chinese."""

import random
from typing import Final

from tiny import lexicon

SPECIAL: Final = ("<s>", "<pad>", "</s>", "<unk>", "eng_Latn", "zho_Hans")
PAD: Final = SPECIAL.index("<pad>")
END: Final = SPECIAL.index("</s>")
ENGLISH: Final = SPECIAL.index("eng_Latn")
CHINESE: Final = SPECIAL.index("zho_Hans")
HELD_OUT: Final = 500
_HELD_OUT_SEED: Final = 777


def held_out() -> list[str]:
    """Sentences that are never trained on: the test set."""
    chance = random.Random(_HELD_OUT_SEED)
    return [lexicon.sentence(chance) for _ in range(HELD_OUT)]
