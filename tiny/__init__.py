"""The tiny language of the demo and the tests: its words, its voice, and what is trained on it.

The language is a small subset of English that espeak-ng speaks. From it come the demo's videos
(`make_demo`), the tests' speech (`make_speech`), talks of any length whose words and times are
known (`talks`, `transcripts`), and the three models in the folder `models`, which the programs in
`recogniser`, `separator` and `translator` train. Programs run from the repository's folder:
`python -m tiny.make_demo`.
"""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
"""The repository's folder."""
