"""Models are fetched whole, checked, and explained when they cannot be had."""

import hashlib
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pytest

from vat.errors import ModelError
from vat.files import read_json, write_json
from vat.planning import models
from vat.planning.models import KNOWN, Known, Weights, check_fetched, fetch
from vat.planning.weights import record_models

FILES = {
    "model.bin": b"weights" * 1000,
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "README.md": b"not needed",
}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as a snapshot needs."""

    files: ClassVar[dict[str, bytes]] = dict(FILES)
    wrong: ClassVar[str] = ""
    """What is told instead of the right digests."""

    asked: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in self.files]
            tree = [
                {"type": "file", "path": name, "size": len(body), "oid": COMMIT}
                for name, body in self.files.items()
            ]
            model = {"id": "owner/name", "sha": COMMIT, "siblings": siblings}
            record = tree if "/tree/" in self.path else model
            self.answer(json.dumps(record).encode(), "application/json")
            return
        name = self.path.split("/")[-1].split("?")[0]
        if name not in self.files:
            self.send_error(404)
            return
        self.answer(self.files[name], "application/octet-stream")

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{self.wrong or hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Hub]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(Hub, "files", dict(FILES))
    yield Hub
    server.shutdown()
    server.server_close()


def test_a_model_is_fetched_with_the_files_it_needs(hub: type[Hub], tmp_path: Path) -> None:
    fetch("asr", "owner/name", tmp_path / "asr" / "model")
    found = {path.name for path in (tmp_path / "asr" / "model").iterdir()}
    assert found == {"model.bin", "config.json", "tokenizer.json", "origin.json"}
    origin = json.loads((tmp_path / "asr" / "model" / "origin.json").read_text())
    assert (origin["repository"], origin["revision"]) == ("owner/name", COMMIT)
    assert origin["files"]["model.bin"] == hashlib.sha256(FILES["model.bin"]).hexdigest()
    assert (tmp_path / "asr" / "model" / "model.bin").read_bytes() == FILES["model.bin"]


def test_a_missing_file_is_named_and_nothing_is_left(hub: type[Hub], tmp_path: Path) -> None:
    hub.files = {"config.json": b"{}", "tokenizer.json": b"{}"}
    with pytest.raises(ModelError, match=r"'owner/name' lacks model\.bin"):
        fetch("asr", "owner/name", tmp_path / "asr" / "model")
    assert not (tmp_path / "asr" / "model").exists()


@pytest.mark.parametrize(
    ("size", "digest", "message"),
    [(3, "x", "7000 bytes instead of 3"), (7000, "x" * 64, "damaged")],
)
def test_weights_are_checked(
    hub: type[Hub],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    digest: str,
    message: str,
) -> None:
    known = Known("owner/name", ("model.bin",), {"model.bin": Weights(size, digest)}, ("kim.yaml",))
    monkeypatch.setattr(models, "KNOWN", MappingProxyType({"separate": {"mine": known}}))
    with pytest.raises(ModelError, match=message):
        fetch("separate", "mine", tmp_path / "asr" / "model")
    assert not (tmp_path / "asr" / "model").exists()


@pytest.mark.parametrize("kind", ["asr", "translate"])
def test_weights_of_any_repository_are_compared_with_the_hubs_digest(
    kind: str, hub: type[Hub], tmp_path: Path
) -> None:
    hub.wrong = "a" * 64
    with pytest.raises(ModelError, match=r"'owner/name', these files are damaged: 'config"):
        fetch(kind, "owner/name", tmp_path / "asr" / "model")
    assert not (tmp_path / "asr" / "model").exists()
    hub.wrong = ""
    fetch(kind, "owner/name", tmp_path / "asr" / "model")
    assert (tmp_path / "asr" / "model" / "model.bin").read_bytes() == FILES["model.bin"]


def test_weights_that_were_fetched_once_are_trusted_and_no_others(
    hub: type[Hub], tmp_path: Path
) -> None:
    model = tmp_path / "models" / "translate" / "owner--name"
    notes = tmp_path / "models" / "trusted.json"
    fetch("translate", "owner/name", model)
    noted = read_json(notes)["translate/owner--name"]
    assert noted["revision"] == COMMIT
    assert noted["files"]["model.bin"]["sha256"] == hashlib.sha256(FILES["model.bin"]).hexdigest()
    check_fetched("translate", "owner/name", model)

    shutil.rmtree(model)
    hub.files = {**FILES, "model.bin": b"others"}
    hub.asked.clear()
    with pytest.raises(
        ModelError, match=r"hub's 'model\.bin'.*remove 'translate/owner--name' from"
    ):
        fetch("translate", "owner/name", model)
    assert COMMIT in str(hub.asked)
    assert "main" not in str(hub.asked)
    assert not model.exists()
    write_json(notes, {})
    fetch("translate", "owner/name", model)
    assert (model / "model.bin").read_bytes() == b"others"


def test_weights_are_held_against_those_that_were_fetched(hub: type[Hub], tmp_path: Path) -> None:
    model = tmp_path / "models" / "translate" / "owner--name"
    fetch("translate", "owner/name", model)
    whole = (model / "model.bin").read_bytes()
    for damage in ("notes as they are", "no notes", "damaged notes"):
        (model / "model.bin").write_bytes(whole[:-1] + b"!")
        with pytest.raises(ModelError, match=r"'model\.bin' has the SHA-256.*remove that folder"):
            check_fetched("translate", "owner/name", model)
        (model / "model.bin").unlink()
        with pytest.raises(ModelError, match=r"'model\.bin' is missing"):
            check_fetched("translate", "owner/name", model)
        (model / "model.bin").write_bytes(whole)
        check_fetched("translate", "owner/name", model)
        notes = tmp_path / "models" / "trusted.json"
        notes.write_text("{}" if damage == "notes as they are" else '{"translate/owner')


def test_weights_of_unknown_origin_are_trusted_as_they_are_found(tmp_path: Path) -> None:
    model = tmp_path / "models" / "translate" / "owner--name"
    model.mkdir(parents=True)
    (model / "model.bin").write_bytes(b"one")
    check_fetched("translate", "owner/name", model)
    (model / "model.bin").write_bytes(b"two")
    with pytest.raises(ModelError, match="not the one that was fetched"):
        check_fetched("translate", "owner/name", model)


def test_named_weights_are_those_of_their_name(tmp_path: Path) -> None:
    model = tmp_path / "models" / "asr" / "tiny"
    model.mkdir(parents=True)
    (model / "model.bin").write_bytes(b"weights of something else")
    with pytest.raises(ModelError, match=r"'model\.bin' in '.*' is not that of the model 'tiny'"):
        check_fetched("asr", "tiny", model)


def test_the_digests_of_local_models_are_recorded_once(tmp_path: Path) -> None:
    model, record = tmp_path / "asr" / "model", tmp_path / "models.json"
    (model / "sub").mkdir(parents=True)
    (model / "model.bin").write_bytes(b"one")
    (model / "sub" / "config.json").write_bytes(b"{}")
    record_models({"asr": str(model), "translator": str(tmp_path / "away")}, record)
    found = read_json(record)
    assert list(found) == ["asr"]
    weights, config = found["asr"]["files"]
    assert weights["sha256"] == hashlib.sha256(b"one").hexdigest()
    assert config["path"].endswith("sub/config.json")
    weights["sha256"] = "as it was"
    write_json(record, found)
    record_models({"detector": str(model)}, record)
    assert read_json(record)["detector"]["files"][0]["sha256"] == "as it was"
    (model / "model.bin").write_bytes(b"two")
    record.write_text(record.read_text())
    record_models({"asr": str(model)}, record)
    assert read_json(record)["asr"]["files"][0]["sha256"] == hashlib.sha256(b"two").hexdigest()
    for damage in ("", "[1]", "{"):
        record.write_text(damage)
        record_models({"asr": str(model)}, record)
        assert read_json(record)["asr"]["files"]


def test_right_weights_come_with_their_configuration(
    hub: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files = {"net.ckpt": b"weights"}
    right = Weights(7, hashlib.sha256(b"weights").hexdigest())
    known = Known("owner/name", ("net.ckpt",), {"net.ckpt": right}, ("kim.yaml",))
    monkeypatch.setattr(models, "KNOWN", MappingProxyType({"separate": {"mine": known}}))
    fetch("separate", "mine", tmp_path / "asr" / "model")
    assert {path.name for path in (tmp_path / "asr" / "model").iterdir()} == {
        "net.ckpt",
        "kim.yaml",
        "origin.json",
    }


def test_without_network_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    # The hub's client waits longer and longer between its attempts.
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with pytest.raises(ModelError, match=r"'large-v3' cannot be fetched.*asr\.model") as error:
        fetch("asr", "large-v3", tmp_path / "asr" / "model")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "asr" / "model").exists()


def test_named_weights_are_known_and_their_revision_is_fixed() -> None:
    for name, known in KNOWN["asr"].items():
        (weights,) = known.checked.values()
        assert re.fullmatch("[0-9a-f]{40}", str(known.revision)), name
        assert re.fullmatch("[0-9a-f]{64}", weights.sha256), name
        assert weights.size > 70_000_000
    assert len({known.revision for known in KNOWN["asr"].values()}) == len(KNOWN["asr"])


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'large-v4' is unknown.*large-v3"):
        fetch("asr", "large-v4", tmp_path / "asr" / "model")


def test_kims_checkpoint_is_pinned() -> None:
    (weights,) = KNOWN["separate"]["kim"].checked.values()
    assert KNOWN["separate"]["kim"].revision
    assert weights.size == 913_106_900
    assert weights.sha256.startswith("87201f4d31afb5bc")
