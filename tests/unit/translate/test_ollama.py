"""Without a key and without an address, the Ollama of this machine translates, or nothing does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from vat.errors import TranslationError
from vat.translate.ollama import ollama_address, ollama_models, with_translator
from vat.translate.settings import TranslateSettings, address_of


@contextmanager
def ollama(body: Any) -> Iterator[str]:
    """An Ollama with these models, or with anything else that a port may answer."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Stay quiet."""

        def do_GET(self) -> None:
            found = self.path == "/api/tags"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def model(name: str, size: str, family: str = "qwen3") -> dict[str, Any]:
    return {"name": name, "details": {"family": family, "parameter_size": size}}


MODELS = {
    "models": [
        model("nomic-embed-text:latest", "137M", "nomic-bert"),
        model("qwen3:0.6b", "751.63M"),
        model("gemma3:latest", "4.3B"),
        {"name": "odd"},
        "wrong",
    ]
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [("gpt-4.1-mini", "gemma3:latest"), ("qwen3:0.6b", "qwen3:0.6b"), ("gemma3", "gemma3:latest")],
)
def test_an_ollama_translates_by_its_largest_model_or_the_wanted_one(
    monkeypatch: pytest.MonkeyPatch, wanted: str, chosen: str
) -> None:
    with ollama(MODELS) as host:
        monkeypatch.setenv("OLLAMA_HOST", host)
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        found = with_translator(TranslateSettings("auto", wanted))
    assert (found.backend, found.model) == ("openai", chosen)
    assert found.base_url == f"http://{host}/v1"


@pytest.mark.parametrize(
    "body", [{"models": []}, {"models": None}, [], b"<html>", {"models": [MODELS["models"][0]]}]
)
def test_what_has_no_model_that_talks_is_no_translator(
    monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    with ollama(body) as host:
        monkeypatch.setenv("OLLAMA_HOST", host)
        assert ollama_models() == []
        with pytest.raises(TranslationError, match=r"OPENAI_API_KEY.*ollama run.*ctranslate2"):
            with_translator(TranslateSettings("auto", "any"))


def test_a_key_or_an_address_decides_for_the_configured_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = TranslateSettings("auto", "mine", "http://server/v1")
    assert with_translator(named).base_url == "http://server/v1"
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    found = with_translator(TranslateSettings("auto", "mine"))
    assert (found.backend, found.base_url, found.model) == ("openai", None, "mine")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("https://gpu.lan:443/", "https://gpu.lan:443"),
        ("[::]:7", "http://[::1]:7"),
        ("host:port", "http://127.0.0.1:11434"),
    ],
)
def test_the_address_is_read_as_ollama_reads_it(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert ollama_address() == address


def test_the_variable_of_openais_client_names_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", " http://proxy/v1 ")
    assert address_of({"backend": "auto", "base_url": None}) == "http://proxy/v1"
    assert address_of({"backend": "openai", "base_url": "http://own/v1"}) == "http://own/v1"
    assert address_of({"backend": "ctranslate2", "base_url": None}) is None
