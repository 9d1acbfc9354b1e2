"""How long translations last by the limits of their server alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SECONDS_OF_CUE: Final = 4.0
"""Of a video for each subtitle, assumed: speech with pauses, in cues of two lines."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes in a minute, None for any number, and how many cues go with a request."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    batch_size: int = 30

    def seconds(self, tokens: Mapping[str, int], spoken: float) -> float:
        """For how long the limits alone make translations last; 0 where none is asked for.

        `spoken` are the seconds of all videos, once for each language.
        """
        if not any(tokens.values()):
            return 0.0
        requests = spoken / _SECONDS_OF_CUE / self.batch_size
        by_requests = requests / self.requests_per_minute if self.requests_per_minute else 0.0
        by_tokens = sum(tokens.values()) / self.tokens_per_minute if self.tokens_per_minute else 0.0
        return 60 * max(by_requests, by_tokens)
