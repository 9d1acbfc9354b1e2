"""One worker and its jobs: who may call, what arrives, and how it ends."""

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from gpulease import WorkerError, call
from gpulease.executors import Worker
from gpulease.workers import folders, messages
from gpulease.workers.client import WORKER_VARIABLE
from gpulease.workers.folders import end_orphans, new_folder
from tests.gpu.driver.recogniser import RecogniserError, transcribe
from vat.errors import TranscriptError
from vat.timeline import Chunks, Span

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker on the CPU, and a process whose worker it is: this one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("GPULEASE_LEASE", raising=False)
    made = Worker("asr", None, 3, {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])})
    monkeypatch.setenv(WORKER_VARIABLE, made.environment[WORKER_VARIABLE])
    yield made
    made.end()
    assert not Path(made.environment[WORKER_VARIABLE]).parent.exists()


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_function_loads_stays(worker: Worker) -> None:
    first = call("tests.gpu.driver.recogniser:transcribe", number=1)
    second = call("tests.gpu.driver.recogniser:transcribe", number=2)
    assert first["pid"] == second["pid"] == worker.pid != os.getpid()
    assert Path("loads").read_text() == f"{worker.pid}\n"
    assert second["threads"] == "3"


def test_the_result_is_the_same_without_a_worker(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = call("tests.gpu.driver.recogniser:transcribe", number=1)
    monkeypatch.delenv(WORKER_VARIABLE)
    here = call("tests.gpu.driver.recogniser:transcribe", number=1)
    assert here["pid"] == os.getpid()
    assert {**here, "pid": 0, "threads": "3"} == {**there, "pid": 0}
    assert here["values"] == transcribe(1)["values"]


def test_real_words_are_the_same_without_a_worker(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = Span((0.0, 12.0), (0.0, 12.0))
    chunks = Chunks("en", 1.0, "configured", 12.0, ((0.0, 12.0),), (span,))
    arguments = {
        "speech": str(ROOT / "tests/data/speech.flac"),
        "chunks": chunks.to_json(),
        "model": str(ROOT / "models/asr"),
        "settings": {"compute_type": "int8", "temperature": [0.0]},
        "device": "cpu",
        "threads": 1,
    }
    there = call("vat.speech.asr:transcribe_chunk", number=1, **arguments)
    with pytest.raises(TranscriptError, match="There is no chunk 2"):
        call("vat.speech.asr:transcribe_chunk", number=2, **arguments)
    monkeypatch.delenv(WORKER_VARIABLE)
    assert call("vat.speech.asr:transcribe_chunk", number=1, **arguments) == there
    assert len(there["words"]) > 10


def test_errors_of_the_functions_own_package_arrive_as_they_are(worker: Worker) -> None:
    with pytest.raises(RecogniserError, match=r"^Number 7 cannot be heard; é\.$"):
        call("tests.gpu.driver.recogniser:transcribe", number=7, act="fail")
    assert call("tests.gpu.driver.recogniser:transcribe", number=8)["number"] == 8


def test_other_errors_are_named_and_leave_their_traceback(
    worker: Worker, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WorkerError, match="ValueError: a bug"):
        call("tests.gpu.driver.recogniser:transcribe", number=7, act="break")
    error = capfd.readouterr().err
    assert "Traceback" in error
    assert "recogniser.py" in error
    with pytest.raises(WorkerError, match="not JSON serializable"):
        call("tests.gpu.driver.recogniser:give_no_json")
    for name in (
        "tests.gpu.driver.recogniser:missing",
        "missing:f",
        "tests",
        "tests.gpu.driver.recogniser:logger",
    ):
        with pytest.raises(WorkerError, match=f"'{name}'"):
            call(name)
    assert call("tests.gpu.driver.recogniser:transcribe", number=8)["number"] == 8


def test_all_output_lands_where_the_caller_writes(
    worker: Worker, capfd: pytest.CaptureFixture[str]
) -> None:
    call("tests.gpu.driver.recogniser:transcribe", number=1)
    out, error = capfd.readouterr()
    assert sorted(out.splitlines()) == ["from C 1", "from a child 1", "printed 1"]
    assert "INFO tests.gpu.driver.recogniser: logged 1" in error
    call("tests.gpu.driver.recogniser:transcribe", number=2)
    assert capfd.readouterr().out.count("2") == 3


def connected(worker: Worker) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(10)
    peer.connect(worker.environment[WORKER_VARIABLE])
    return peer


def is_refused(peer: socket.socket) -> bool:
    try:
        return peer.recv(1) == b""
    except ConnectionError:
        return True


def test_strangers_are_refused(worker: Worker) -> None:
    address = Path(worker.environment[WORKER_VARIABLE])
    assert stat.S_IMODE(address.stat().st_mode) == 0o600
    assert stat.S_IMODE(address.with_name("key").stat().st_mode) == 0o600
    assert stat.S_IMODE(address.parent.stat().st_mode) == 0o700
    request = {"function": "tests.gpu.driver.recogniser:transcribe", "arguments": {"number": 1}}
    for key in ({}, {"key": "0" * 64}, {"key": None}):
        with connected(worker) as peer:
            messages.send(peer, {**request, "folder": "/", **key}, (1, 2))
            assert is_refused(peer)
    assert not Path("loads").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_other_users_are_refused_whatever_they_know(worker: Worker) -> None:
    address = Path(worker.environment[WORKER_VARIABLE])
    address.parent.chmod(0o755)
    address.chmod(0o666)
    address.with_name("key").chmod(0o644)
    for user, status in ((os.getuid(), 0), (65534, 1)):
        script = f"import gpulease, os; f = gpulease.call; os.setuid({user}); f('os:getpid')"
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
    assert "ended before it had an answer" in done.stderr


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!Q", 1 << 40) + b"x" * 100,
        struct.pack("!Q", 9) + b"not json!",
        struct.pack("!Q", 2) + b"[]",
        struct.pack("!Q", 200000) + b"[" * 200000,
        struct.pack("!Q", 100) + b"{",
    ],
    ids=["nothing", "HTTP", "huge", "no JSON", "a list", "deep", "cut off"],
)
@pytest.mark.parametrize("files", [(), (1, 2)], ids=["", "with files"])
def test_garbage_does_no_harm(worker: Worker, raw: bytes, files: tuple[int, ...]) -> None:
    with connected(worker) as peer:
        if raw:
            socket.send_fds(peer, [raw[:8]], files)
            peer.sendall(raw[8:])
        peer.shutdown(socket.SHUT_WR)
        assert is_refused(peer)
    assert call("tests.gpu.driver.recogniser:transcribe", number=1)["pid"] == worker.pid
    process = psutil.Process(worker.pid)
    wait_for(lambda: process.num_fds() <= 8)


def test_messages_too_large_are_refused_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = socket.socketpair()
    with one, other:
        messages.send(one, "x" * 1000)
        monkeypatch.setattr(messages, "MAX_BYTES", 1000)
        with pytest.raises(WorkerError, match="too many"):
            messages.send(one, "x" * 1000)
        with pytest.raises(ValueError, match="1002 bytes"):
            messages.receive(other)


def test_a_worker_ends_with_a_job_that_is_killed(worker: Worker) -> None:
    call_it = "gpulease.call('tests.gpu.driver.recogniser:transcribe', number=1, seconds=60)"
    code = f"import gpulease; {call_it}"
    job = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    wait_for(Path("loads").exists)
    assert worker.is_alive()
    job.kill()
    job.wait()
    wait_for(lambda: not worker.is_alive())
    assert worker.death() == ""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_the_death_of_a_worker_is_told(worker: Worker, sign: signal.Signals) -> None:
    with pytest.raises(WorkerError, match="ended before it had an answer"):
        call("tests.gpu.driver.recogniser:die", sign=int(sign))
    assert worker.death() == f"by {sign.name}"
    with pytest.raises(WorkerError, match="ended before"):
        call("tests.gpu.driver.recogniser:transcribe", number=1)


def test_a_worker_ends_with_its_owner_however_that_ends(tmp_path: Path) -> None:
    code = (
        "import json, os, subprocess, sys, gpulease.executors\n"
        "worker = gpulease.executors.Worker('asr', None, 1, os.environ)\n"
        "os.environ.update(worker.environment)\n"
        "child = gpulease.call('tests.gpu.driver.recogniser:start_child')\n"
        "print(json.dumps([worker.pid, child, worker.environment]), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout
        worker, child, environment = json.loads(owner.stdout.readline())
        assert psutil.pid_exists(worker)
        owner.kill()
    wait_for(lambda: not any(runs(pid) for pid in (worker, child)))
    assert not Path(environment[WORKER_VARIABLE]).parent.exists()


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_job_that_has_a_worker_imports_little() -> None:
    """What it imports it does once per chunk."""
    code = (
        "import sys, gpulease, vat.files, vat.jobs.log; gpulease.call;"
        "print([name for name in ('pynvml', 'psutil', 'numpy', 'faster_whisper', 'torch')"
        " if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    import gpulease

    assert all(getattr(gpulease, name) for name in gpulease.__all__)
    assert callable(gpulease.lease)
    with pytest.raises(AttributeError, match="has no attribute 'missing'"):
        getattr(gpulease, "missing")  # noqa: B009


def test_the_folder_of_a_dead_owner_is_removed_and_that_of_a_live_one_is_not(
    worker: Worker, tmp_path: Path
) -> None:
    code = "from gpulease.workers.folders import new_folder; print(new_folder())"
    path = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    told = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, check=True)
    left = Path(told.stdout.decode().strip())
    assert left.is_dir()
    owned = new_folder()
    end_orphans()
    assert owned.is_dir()
    assert not left.exists()
    assert Path(worker.environment[WORKER_VARIABLE]).exists()
    owned.rmdir()


def test_a_stopped_worker_of_a_dead_owner_is_ended_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    code = (
        "import sys, pathlib; from gpulease.workers import folders;"
        " folders._ROOT = pathlib.Path(sys.argv[1]); print(folders.new_folder())"
    )
    path = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code, str(tmp_path)]
    told = subprocess.run(command, env=path, capture_output=True, check=True, text=True)
    monkeypatch.setattr(folders, "_ROOT", tmp_path)
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleep, start_new_session=True) as left:
        folders.note_process(Path(told.stdout.strip()), left.pid)
        os.kill(left.pid, signal.SIGSTOP)
        end_orphans()
        assert left.wait(10) == -signal.SIGKILL
    assert f"Worker process {left.pid} outlived its run" in caplog.text
    assert not list(tmp_path.iterdir())
