"""What is found of a host is green, yellow or red, in a sentence with the remedy."""

import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from tests.helpers.chat_server import Behaviour, chat_server
from tests.helpers.workflow import silent_video
from vat.errors import FINAL_STATUS, TranslationError
from vat.planning import doctor
from vat.planning.answers import Answers
from vat.planning.config import complete
from vat.planning.doctor import GREEN, RED, YELLOW, Finding
from vat.planning.plan import make_plan
from vat.speech.gpu_trial import try_all
from vat.translate.server_check import knock

SERVER = {"backend": "openai", "model": "anything"}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody-0123456789")
    monkeypatch.setattr("vat.translate.retries._FIRST_WAIT", 0.01)


def translate(**options: Any) -> dict[str, Any]:
    section: dict[str, Any] = complete({"videos": "x", "translate": SERVER | options})["translate"]
    return section


@contextmanager
def answering(status: int, body: bytes = b"{}") -> Iterator[str]:
    """A server that answers every request so; its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Stay quiet."""

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("Library libcublas.so.12 is not found or cannot be loaded", "nvidia-cublas-cu12"),
        ("libcudnn_ops.so.9: cannot open shared object file", "cuDNN"),
        ("CUDA error: no kernel image is available for execution on the device", "newer"),
        ("sm_120 is not compatible with the current PyTorch installation", "newer"),
        ("CUDA driver version is insufficient for CUDA runtime version", "update the NVIDIA"),
        ("Torch not compiled with CUDA enabled", "CUDA build"),
        ("CUDA out of memory. Tried to allocate 20 MiB", "gpulease status"),
    ],
)
def test_the_commonest_breakages_come_with_the_remedy(said: str, cure: str) -> None:
    (found,) = doctor.of_gpus([("GPU 0 (X)", 1, f"recognition in int8: {said}")], "", "")
    assert found.level == RED
    assert said in found.text
    assert cure in found.text


def test_gpus_are_well_full_or_absent() -> None:
    trials = [("GPU 0 (X)", 0, "torch: works\nfloat16: works"), ("GPU 1 (X)", None, "full")]
    well, full = doctor.of_gpus(trials, "", "")
    assert (well.level, well.text) == (GREEN, "computes: torch, float16")
    assert full.level == YELLOW
    assert [one.level for one in doctor.of_gpus([], "There is none.", "")] == [YELLOW]
    assert [one.level for one in doctor.of_gpus([], "", "The driver does not answer.")] == [RED]


def test_a_trial_that_says_nothing_is_red(root: Path) -> None:
    (found,) = doctor.of_gpus([("GPU 0 (X)", -11, "")], "", "")
    assert (found.level, "-11" in found.text) == (RED, True)


def test_a_computation_is_tried_in_every_format(root: Path) -> None:
    tried = dict(try_all(str(root / "models/asr"), "cpu"))
    assert {"torch (separation)", "recognition in float32"} <= tried.keys()
    assert not any(tried.values()), tried


def test_a_model_that_is_broken_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"nothing")
    assert any(error for _, error in try_all(str(tmp_path), "cpu"))


def test_a_server_that_cannot_be_reached_is_told_without_a_question() -> None:
    with pytest.raises(TranslationError, match="cannot be reached"):
        knock(translate(base_url="http://127.0.0.1:9/v1"))


def test_a_key_that_is_refused_is_told_without_a_question() -> None:
    with answering(401) as url, pytest.raises(TranslationError, match="OPENAI_API_KEY"):
        knock(translate(base_url=url))


@pytest.mark.parametrize("status", [200, 403, 404, 405, 500, 501])
def test_a_server_that_lists_no_models_may_still_translate(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(status) as url:
        knock(translate(base_url=url))
    assert [one for one in caplog.records if one.name.startswith("vat")] == []


def test_no_server_is_asked_where_none_translates(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    knock(translate(backend="ctranslate2", base_url="http://127.0.0.1:9/v1"))
    assert caplog.records == []


def test_the_model_answers_one_question() -> None:
    with chat_server(Behaviour()) as server:
        found = doctor.of_translator(translate(base_url=server.url))
        assert (found.level, len(server.requests)) == (GREEN, 1)
    with chat_server(Behaviour(statuses=[404])) as server:
        found = doctor.of_translator(translate(base_url=server.url))
        assert (found.level, "translate.model" in found.text) == (RED, True)


def test_a_model_is_here_can_be_fetched_or_neither(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here,) = doctor.of_models([("asr", "models/asr", str(root / "models/asr"))])
    assert here.level == GREEN
    (tmp_path / "empty").mkdir()
    (broken,) = doctor.of_models([("asr", "empty", str(tmp_path / "empty"))])
    assert (broken.level, "model.bin" in broken.text) == (RED, True)
    sizes = {"model.bin": 3 * 2**30, "pytorch_model.safetensors": 2**40}
    siblings = [{"rfilename": name, "size": size} for name, size in sizes.items()]
    told = {"id": "owner/name", "siblings": siblings}
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with answering(200, json.dumps(told).encode()) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        (there,) = doctor.of_models([("asr", "large-v3", str(tmp_path / "none"))])
    assert (there.level, "3.0 GB" in there.text) == (GREEN, True)
    with answering(404) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        (gone,) = doctor.of_models([("asr", "large-v3", str(tmp_path / "none"))])
    assert (gone.level, "large-v3" in gone.text) == (RED, True)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it is asked once"))
    (cut_off,) = doctor.of_models([("asr", "large-v3", str(tmp_path / "none"))])
    assert (cut_off.level, "check the network" in cut_off.text) == (RED, True)


def test_fonts_are_looked_at_where_they_are_drawn(tmp_path: Path) -> None:
    embed = complete({"videos": "x"})["embed"]
    assert [one.level for one in doctor.of_fonts(embed, ["zh"], "bundled")] == [GREEN]
    embed |= {"mode": "burn", "fonts": str(tmp_path / "nowhere")}
    (found,) = doctor.of_fonts(embed, ["zh"], "bundled")
    assert (found.level, "embed.fonts" in found.text) == (RED, True)


def test_a_disk_is_large_enough_tight_or_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = tmp_path / "video.mkv"
    video.touch()
    os.truncate(video, 10 * 2**30)
    for free_mb, level in ((100, RED), (5_000, YELLOW), (50_000, GREEN)):
        usage = type("Usage", (), {"free": free_mb * 2**20})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert doctor.of_disk(tmp_path / "not/yet/there", [video]).level == level


def test_the_folder_of_the_pool() -> None:
    assert doctor.of_folder("/pool", "", "").level == GREEN
    assert doctor.of_folder("/pool", "It is on NFS.", "").level == YELLOW
    assert doctor.of_folder("", "", "Locks do not work.").level == RED


def test_a_host_is_looked_at_before_there_are_videos(tmp_path: Path, root: Path) -> None:
    config = {"videos": "videos"}
    assert doctor.with_a_video(config, tmp_path, root)["videos"] == str(root / "demo/clean.mp4")
    (tmp_path / "videos").mkdir()
    assert doctor.with_a_video(config, tmp_path, root) == config
    remote = {"videos": "https://example.org/a.mp4"}
    assert doctor.with_a_video(remote, tmp_path, root) == remote


def test_the_verdict_is_the_exit_status_and_control_characters_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    well, bad = Finding(GREEN, "disk", "there is room"), Finding(RED, "model", "is \x1b[2J away")
    assert doctor.tell([well], tmp_path / "log") == 0
    assert "Ready: 1 green, 0 yellow, 0 red." in capsys.readouterr().err
    assert doctor.tell([well, bad], tmp_path / "log") == FINAL_STATUS
    said = capsys.readouterr().err
    assert "Not ready" in said
    assert "\x1b" not in said
    assert "there is room" not in (tmp_path / "log").read_text()


def test_colours_are_for_terminals_and_no_color_is_obeyed() -> None:
    terminal = type("Terminal", (), {"isatty": lambda self: True})()
    assert doctor.wants_colour(terminal, {})
    assert not doctor.wants_colour(terminal, {"NO_COLOR": "1"})
    assert not doctor.wants_colour(io.StringIO(), {})
    assert "\033[31m" in doctor.lines([Finding(RED, "a", "b")], colour=True)[0]


@pytest.mark.parametrize("separate", [True, "auto", False])
def test_a_separator_is_looked_for_where_something_may_be_separated(
    root: Path, tmp_path: Path, separate: bool | str
) -> None:
    silent_video(tmp_path / "a.mp4", 2)
    config = {"videos": "a.mp4", "separate": {"enabled": separate}}
    plan = make_plan(config, root=root, here=tmp_path, skip=[])
    found = doctor.named_models(Answers(plan, "results", "resources"))
    assert ("kim" in {name for _, name, _ in found}) == (separate is not False)
