"""A key never shows in what is told."""

import pytest

from vat.translate.api_key import masked


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("k", "refused Bearer k", "refused Bearer ***"),
        ("k", "check the key, k!", "check the key, ***!"),
        ("t", "don't put it here", "don't put it here"),
        ("test", "the latest test of attest", "the latest *** of attest"),
        ("none", "nonetheless 'none'", "nonetheless '***'"),
        ("sk-abcdefghijkl", "xsk-abcdefghijkly", "x***y"),
        ("a'b", 'said "a\'b"', 'said "***"'),
        ('q"uote-0123456789', 'said {"key": "q\\"uote-0123456789"}', 'said {"key": "***"}'),
        ("s+p/0123456789", "key=s%2Bp%2F0123456789", "key=***"),
        ("", "nothing to hide", "nothing to hide"),
    ],
)
def test_a_key_of_any_length_is_masked_and_nothing_else(key: str, text: str, shown: str) -> None:
    assert masked(text, key) == shown
