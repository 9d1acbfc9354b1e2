"""No secret of an address is written anywhere, and the whole address comes back where needed."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.jobs.addresses import has_login, hide, is_address, is_secret, masked, revealed, scrubbed

KEYS = (
    "dQw4w9WgXcQ",
    "sk-proj-4f9A0bQx7LmZ",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.s5Fq3_x",
    "d41d8cd98f00b204e9800998ecf8427e",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "qwzxkjhgtrplmnbvcy",
    "aGVsbG8gd29ybGQhIQ==",
)
PLAIN = ("", "1", "720p", "2024-05-01T10:00:00", "my-summer-holiday-video", "en", "Title of it")


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_told_by_their_shape(key: str) -> None:
    assert is_secret(key)
    for address in (
        f"https://host/a.mp4?x={key}",
        f"https://host/a.mp4?{key}",
        f"https://host/a.mp4?a=1;zz={key}&b=2",
        f"https://host/a.mp4#zz={key}",
    ):
        assert key not in masked(address)
        assert masked(address).startswith("https://host/a.mp4")


@pytest.mark.parametrize("value", PLAIN)
def test_words_and_numbers_stay(value: str) -> None:
    assert not is_secret(value)
    address = f"https://host/a.mp4?x={value}&y=1#t=20"
    assert masked(address) == address


def test_what_is_called_a_secret_is_one() -> None:
    assert masked("https://h/a?token=abc&n=1") == "https://h/a?token=hidden&n=1"


def test_ids_of_public_videos_stay() -> None:
    address = "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf"
    assert masked(address) == address


@pytest.mark.parametrize(
    "address",
    [
        *("https://me:pass@host/a", "https://me@host/a?x=1", "http://me:p@[::1/a"),
        *("ftp://me:p@ss@host", "http://me:pass@host:99999/a", "https://me:pass@host\\@x/a"),
    ],
)
def test_a_login_is_found_and_masked(address: str) -> None:
    assert has_login(address)
    assert "me" not in masked(address)
    assert "p@ss" not in masked(address)
    assert "pass" not in masked(address)


def test_a_sign_in_a_path_is_no_login() -> None:
    assert not has_login("https://host/@name/video")


def test_texts_are_scrubbed() -> None:
    said = "GET https://host/a?x=d41d8cd98f00b204 failed, see 'ftp://me:pw@host/b'."
    assert scrubbed(said) == "GET https://host/a?x=hidden failed, see 'ftp://hidden@host/b'."


@given(st.text())
def test_any_text_is_masked_once_and_for_all(text: str) -> None:
    for address in (text, f"https://{text}", f"https://h/?{text}"):
        assert masked(masked(address)) == masked(address)
        is_address(address)
        has_login(address)
        scrubbed(address)


def test_the_whole_address_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    first, second = (f"https://h/a?k=d41d8cd98f00b20{n}" for n in "45")
    assert hide(first) != hide(second)
    assert (revealed(hide(first)), revealed(hide(second))) == (first, second)
    assert masked(hide(first)) == hide(first)
    assert hide("https://h/a") == revealed("https://h/a") == "https://h/a"
    only = [hide(one, one_of_many=False) for one in (first, second)]
    assert only[0] == only[1]
    assert revealed(only[1]) == second
