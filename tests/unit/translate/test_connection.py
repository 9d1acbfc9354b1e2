"""Servers nearby are asked directly, others by the environment's proxy, whatever kind it is."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.helpers.chat_server import Behaviour, chat_server, chinese, lines
from tests.helpers.translating import ask
from vat.errors import TranslationError
from vat.translate.connection import is_excepted, is_here, proxy_of

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody-0123456789")
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


@contextmanager
def socks_proxy() -> Iterator[tuple[int, list[bytes]]]:
    """A SOCKS 5 proxy without a password, for one connection after the other."""
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        client.recv(1024)
        client.sendall(b"\x05\x00")
        request = client.recv(1024)
        asked.append(request)
        port = int.from_bytes(request[-2:], "big")
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
            there = threading.Thread(target=carry, args=(client, server), daemon=True)
            there.start()
            carry(server, client)
            there.join()

    def accept() -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.close()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"])
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "socks://h:1/"])
def test_this_machine_is_asked_directly(
    variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    with chat_server(Behaviour()) as server:
        found = ask(server, None, lines(2))
    assert [cue.text for cue in found.cues] == list(map(chinese, lines(2)))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks"])
def test_a_server_elsewhere_is_asked_by_a_socks_proxy(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server(Behaviour()) as server, socks_proxy() as (port, asked):
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")
        url = server.url.replace("127.0.0.1", "translator.test")
        found = ask(server, None, lines(1), base_url=url)
    assert [cue.text for cue in found.cues] == list(map(chinese, lines(1)))
    assert b"translator.test" in asked[0]


@pytest.mark.parametrize("proxy", ["socks4://h:1", "ftp://h", "socks5://", "http://h:port", "://"])
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(TranslationError, match=r"variable ALL_PROXY cannot be used.*NO_PROXY"):
        ask(Behaviour(), None, lines(1), base_url="https://server.test/v1")


def test_a_proxy_that_is_away_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://me:very-secret@127.0.0.1:1")
    with pytest.raises(
        TranslationError, match="cannot be reached by way of the proxy in https_proxy"
    ) as one:
        ask(Behaviour(), None, lines(1), base_url="https://server.test/v1")
    assert "very-secret" not in str(one.value)


def test_which_proxy_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_of("https://server.test/v1") is None
    monkeypatch.setenv("ALL_PROXY", "socks://desk:1080/")
    monkeypatch.setenv("https_proxy", "web:3128")
    found = proxy_of("https://server.test/v1")
    assert found is not None
    assert (found.url, found.variable) == ("http://web:3128", "https_proxy")
    other = proxy_of("http://server.test/v1")
    assert other is not None
    assert (other.url, other.variable) == ("socks5://desk:1080/", "ALL_PROXY")
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_of("https://server.test/v1") is None


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_by_any_name(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["localhost.test", "10.0.0.1", "128.0.0.1", "server", "::2"])
def test_other_machines(host: str) -> None:
    assert not is_here(host)


@pytest.mark.parametrize(
    ("host", "exceptions", "expected"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("192.168.1.5", "localhost, 192.168.0.0/16", True),
        ("192.169.1.5", "192.168.0.0/16", False),
        ("192.168.1.5", "192.168.*", True),
        ("192.168.1.5", "192.168.1.5:8000", True),
        ("192.168.1.5", "192.168.1.5:8001", False),
        ("fd00::5", "fd00::/8", True),
        ("gpu.lab.test", ".lab.test", True),
        ("gpu.lab.test", "*.lab.test", True),
        ("gpu.lab.test", "lab.test other", True),
        ("gpulab.test", "lab.test", False),
        ("gpu", "gpu", True),
        ("gpu", "", False),
        ("anything", "*", True),
    ],
)
def test_what_no_proxy_names(host: str, exceptions: str, expected: bool) -> None:
    assert is_excepted(host, 8000, exceptions) is expected


@pytest.mark.parametrize(
    "address",
    ["http://h:port/v1", "http://h\0/v1", "http://h/ v1", "http://[::1/v1", "http://h:99999/v1"],
)
def test_an_address_that_is_none_is_one_sentence(address: str) -> None:
    with pytest.raises(TranslationError, match=r"base_url is no address of a server"):
        ask(Behaviour(), None, lines(1), base_url=address)


def test_a_host_that_no_domain_can_have_is_one_sentence() -> None:
    with pytest.raises(TranslationError, match=r"base_url|cannot be reached"):
        ask(Behaviour(), None, lines(1), base_url="http://xn--\u2488/v1")
