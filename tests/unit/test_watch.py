"""A watched folder: files are taken once they are whole, and who is to be told is told once."""

import errno
import json
import os
import shlex
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from configparser import ConfigParser
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vat.errors import UsageError
from vat_command.cli import main, read_wishes
from vat_command.download_options import download_options
from vat_command.folder_look import Mark, Settling, marks_of
from vat_command.hooks import Done, HookError, call_hook, check_hook
from vat_command.snakemake_call import Wishes
from vat_command.told import Told
from vat_command.watch import Asked, Retry, Watch, _some_cores

DONE = Done("a-1", "a $(touch pwned)'\".mp4", ["/r/delivery/a.zh.srt", "/r/delivery/a.mkv"])
A, B = Path("/in/a.mp4"), Path("/in/b.mp4")


def test_a_file_is_whole_at_the_second_look_that_finds_it_the_same() -> None:
    settling = Settling(lambda _: "")
    assert settling.look({A: (1, 1)}).whole == {}
    assert settling.look({A: (2, 2), B: (5, 5)}).whole == {}
    assert settling.look({A: (3, 3), B: (5, 5)}).whole == {B: (5, 5)}
    assert settling.look({A: (3, 3), B: (5, 5)}).whole == {A: (3, 3), B: (5, 5)}
    changed = settling.look({A: (3, 4), B: (5, 5)})
    assert changed.whole == {B: (5, 5)}
    assert changed.unfinished == [A]
    assert settling.look({A: (3, 4)}).whole == {A: (3, 4)}


def test_a_file_that_is_open_for_writing_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    settling = Settling()
    with path.open("wb") as file:
        file.write(b"x")
        file.flush()
        looks = [settling.look(marks_of([tmp_path], [], recursive=False)) for _ in range(3)]
        assert [look.whole for look in looks] == [{}, {}, {}]
    assert list(settling.look(marks_of([tmp_path], [], recursive=False)).whole) == [path]


@given(st.lists(st.dictionaries(st.sampled_from([A, B]), st.tuples(st.integers(0, 2), st.just(0)))))
def test_nothing_is_taken_that_was_not_the_same_a_look_before(
    looks: list[dict[Path, Mark]],
) -> None:
    settling, before = Settling(lambda _: ""), dict[Path, Mark]()
    for now in looks:
        found = settling.look(now)
        assert {**found.whole} == {p: mark for p, mark in now.items() if before.get(p) == mark}
        assert {*found.whole, *found.unfinished} == set(now)
        before = now


def test_a_folder_that_is_away_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.mp4").touch()
    (tmp_path / "in/.b.mp4").touch()
    (tmp_path / "in/link.mp4").symlink_to("nowhere")
    there = marks_of([tmp_path / "gone", tmp_path / "in"], [], recursive=False)
    assert list(there) == [tmp_path / "in/a.mp4"]


def watching(tmp_path: Path, *settings: str, files: Any = ()) -> Watch:
    (tmp_path / "in").mkdir(exist_ok=True)
    wishes = Wishes(sources=["in"], settings=settings, config_files=files)
    told = Told("", tmp_path / "results", tmp_path / "told.json")
    return Watch(Asked(["watch", "in"], wishes), Path("/home"), tmp_path, told)


def test_what_is_unfinished_is_excluded_beside_what_the_user_excludes(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("download: {exclude: ['*.part']}\n")
    watch = watching(tmp_path, files=["my.yaml"])
    assert watch._wishes_without([]).settings == ()
    (setting,) = watch._wishes_without([tmp_path / "in/sub/a[1].mp4"]).settings
    assert setting == "download.exclude=['*.part', 'sub/a[[]1].mp4']"


def test_subfolders_are_looked_into_where_that_is_set(tmp_path: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/a.mp4").touch()
    flat, deep = watching(tmp_path), watching(tmp_path, "download.recursive=true")
    assert flat.look().unfinished == []
    assert deep.look().unfinished == [tmp_path / "in/sub/a.mp4"]


class Runs:
    """Stands for the runs that a watch begins: the names that each is over, and how each is."""

    def __init__(self, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        self.watch = watch
        self.over: list[set[str]] = []
        self.wishes: list[Wishes] = []
        self.states: list[int | None] = []
        self.asked_to_end: list[int] = []
        self.usual: int | None = 0
        self.locks = watch.here / ".snakemake/locks"
        self.plans_at_once = True
        monkeypatch.setattr(Watch, "start", lambda _, wishes: self.begin(wishes))

    def begin(self, wishes: Wishes) -> Any:
        number, here = len(self.states), self.watch.here
        options = download_options(wishes, here)
        names = {path.name for path in (here / "in").glob("*.mp4")}
        left = {name for name in names if any(fnmatch(name, one) for one in options.exclude)}
        self.over.append(names - left)
        self.wishes.append(wishes)
        self.states.append(self.usual)
        if self.plans_at_once:
            self.plan()
        return SimpleNamespace(
            poll=lambda: self.states[number],
            send_signal=lambda _: self.asked_to_end.append(number),
            wait=lambda: 0,
        )

    def plan(self) -> None:
        """The newest run locks what it will write."""
        self.locks.mkdir(parents=True, exist_ok=True)
        lock = self.locks / f"{len(self.states)}.output.lock"
        lock.touch()
        os.utime(lock, (time.time() + 1, time.time() + 1))


def test_what_comes_while_a_run_plans_may_be_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = watching(tmp_path)
    runs = Runs(watch, monkeypatch)
    runs.usual, runs.plans_at_once = None, False
    (tmp_path / "in/a.mp4").touch()
    looked(watch)
    (tmp_path / "in/b.mp4").touch()
    looked(watch)
    runs.plan()
    (tmp_path / "in/c.mp4").touch()
    looked(watch, 4)
    assert runs.over == [{"a.mp4"}, {"c.mp4"}]


def test_a_run_is_begun_for_news_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watching(tmp_path)
    runs = Runs(watch, monkeypatch).over
    looks = iter(range(10))

    def next_look(_: float) -> None:
        match next(looks):
            case 0:
                (tmp_path / "in/a.mp4").touch()
            case 3:
                (tmp_path / "in/b.mp4").touch()
            case 6:
                (tmp_path / "edits/a").mkdir(parents=True)
                (tmp_path / "edits/a/zh.srt").touch()
            case 9:
                watch.stop.set()

    monkeypatch.setattr(watch.stop, "wait", next_look)
    watch.go_on()
    assert runs == [{"a.mp4"}, {"a.mp4", "b.mp4"}, {"a.mp4", "b.mp4"}]


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "on"])
def test_a_file_says_in_all_words_of_yaml_that_subfolders_are_looked_into(
    tmp_path: Path, word: str
) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/a.mp4").touch()
    (tmp_path / "my.yaml").write_text(f"download:\n  recursive: {word}\n")
    deep = watching(tmp_path, files=["my.yaml"])
    assert deep.look().unfinished == [tmp_path / "in/sub/a.mp4"]


def test_one_folder_that_is_away_is_left_out_of_a_run(tmp_path: Path) -> None:
    watch = watching(tmp_path)
    watch.asked = Asked(["watch"], Wishes(sources=["gone", "in"]))
    assert watch._wishes_without([]).sources == ["in"]
    watch.asked = Asked(["watch"], Wishes(sources=["gone"]))
    assert watch._wishes_without([]).sources == ["gone"]


@pytest.mark.parametrize("trouble", ["folder", "no file", "half-saved"])
def test_what_is_away_for_a_while_is_waited_for_with_one_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    file, away = tmp_path / "my.yaml", tmp_path / "away"
    file.write_text("download: {recursive: true}\n")
    watch = watching(tmp_path, files=["my.yaml"])
    runs = Runs(watch, monkeypatch).over
    (tmp_path / "in/a.mp4").touch()
    looks = iter(range(12))

    def next_look(_: float) -> None:
        match next(looks), trouble:
            case 3, "folder":
                (tmp_path / "in").rename(away)
            case 3, "no file":
                file.rename(away)
            case 3, "half-saved":
                file.write_text("download: {recursive:")
            case 6, "folder":
                away.rename(tmp_path / "in")
            case 6, "no file":
                away.rename(file)
            case 6, "half-saved":
                file.write_text("download: {recursive: true}\n")
            case 7, _:
                (tmp_path / "in/b.mp4").touch()
            case 11, _:
                watch.stop.set()

    monkeypatch.setattr(watch.stop, "wait", next_look)
    watch.go_on()
    assert runs == [{"a.mp4"}, {"a.mp4", "b.mp4"}]
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1


def looked(watch: Watch, times: int = 2) -> None:
    for _ in range(times):
        watch._look_and_run()


def test_what_comes_during_a_run_has_one_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = watching(tmp_path, "asr.beam_size=1")
    runs = Runs(watch, monkeypatch)
    runs.usual = None
    (tmp_path / "in/a.mp4").touch()
    looked(watch)
    (tmp_path / "in/b.mp4").touch()
    looked(watch, 4)
    assert runs.over == [{"a.mp4"}, {"b.mp4"}]
    cores = max(1, len(os.sched_getaffinity(0)) // 2)
    assert (*runs.wishes[1].rest,) == ("--cores", str(cores))
    assert "asr.beam_size=1" in runs.wishes[1].settings
    for wishes in (Wishes(profile="slurm"), Wishes(rest=["--cores", "3"]), Wishes(rest=["-c3"])):
        assert _some_cores(wishes) == [], "of another host, or the user's word"
    (tmp_path / "in/c.mp4").touch()
    (tmp_path / "in/d.mp4").touch()
    looked(watch)
    assert runs.over[2:] == [{"c.mp4", "d.mp4"}]
    (tmp_path / "in/e.mp4").touch()
    looked(watch)
    assert len(runs.over) == 3, "no more than three at a time"
    runs.states[1] = 0
    looked(watch, 1)
    assert runs.over[3:] == [{"e.mp4"}]
    runs.states[:3] = [0, 0, 0]
    looked(watch)
    assert len(runs.over) == 4, "one is at work"
    runs.states[3] = 0
    looked(watch)
    assert runs.over[4:] == [{"a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4"}]
    assert [one.target for one in runs.wishes] == ["", "", "", "", "all pages"]
    watch.stop.set()
    watch.go_on()
    assert runs.asked_to_end == [4]


def test_runs_draw_on_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, begun = watching(tmp_path), list[dict[str, str]]()
    monkeypatch.setattr("subprocess.Popen", lambda *_, env, **__: begun.append(env))
    watch.start(watch.asked.wishes)
    assert begun[0]["TTY_COMPATIBLE"] == "0"


@pytest.mark.parametrize("reason", ["refused", "same name", "changed"])
def test_what_cannot_be_done_beside_a_run_waits_for_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    watch = watching(tmp_path)
    runs = Runs(watch, monkeypatch)
    runs.usual = None
    (tmp_path / "in/a.mp4").touch()
    looked(watch)
    if reason == "refused":
        (tmp_path / "in/b.mp4").touch()
        looked(watch)
        runs.states[1] = 1
        (tmp_path / "in/c.mp4").touch()
    elif reason == "same name":
        (tmp_path / "in/A.MOV").touch()
    else:
        (tmp_path / "in/a.mp4").write_text("longer")
    begun = len(runs.over)
    looked(watch, 4)
    assert len(runs.over) == begun
    runs.states[0] = 0
    looked(watch, 1)
    assert len(runs.over) == begun + 1
    assert runs.over[-1] == {path.name for path in (tmp_path / "in").glob("*.mp4")}
    assert runs.wishes[-1].rest == ()


def test_a_failed_run_is_tried_again_later_each_time() -> None:
    now = [0.0]
    retry = Retry(lambda: now[0])
    waits = []
    for _ in range(6):
        retry.note(1)
        began = now[0]
        while not retry.is_due():
            now[0] += 100
        waits.append(now[0] - began)
    assert waits == [300, 600, 1200, 2400, 3600, 3600]
    retry.note(0)
    now[0] += 10_000
    assert not retry.is_due()


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """An address that takes posts, and what it was sent; below /no it refuses."""
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path.startswith("/no") else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}", got
        made.shutdown()
        thread.join()


def test_an_address_is_told_by_post(server: tuple[str, list[Any]]) -> None:
    address, got = server
    call_hook(f"{address}/done?api_key=secret", DONE)
    assert got == [{"video": "a-1", "name": DONE.name, "files": DONE.files}]
    with pytest.raises(HookError, match="was not told") as caught:
        call_hook(f"{address}/no?api_key=very-secret", DONE)
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://localhost/a b?api_key=secret-1", "http://localhost:abc/x?api_key=secret-1"]
)
def test_what_is_no_address_is_said_without_its_secrets(address: str) -> None:
    with pytest.raises(HookError, match="is no address") as caught:
        call_hook(address, DONE)
    assert "secret-1" not in str(caught.value)


def test_an_address_that_answers_nonsense_was_not_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(HookError, match="was not told"):
            call_hook(f"http://127.0.0.1:{listening.getsockname()[1]}/", DONE)
        thread.join()


def test_a_command_finds_names_in_its_environment_and_runs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call_hook('printf "%s|" "$VAT_VIDEO" "$VAT_NAME" "$VAT_FILE" "$VAT_FILES" >told', DONE)
    told = (tmp_path / "told").read_text()
    assert told == f"a-1|{DONE.name}|/r/delivery/a.mkv|" + "\n".join(DONE.files) + "|"
    assert os.listdir(tmp_path) == ["told"]  # noqa: PTH208
    with pytest.raises(HookError, match="status 3"):
        call_hook("exit 3", DONE)


def test_other_addresses_need_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vat_command.hooks.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="pip install apprise"):
        check_hook("mailto://me:secret@example.org")
    check_hook("https://a.b/c")
    check_hook("curl -X POST https://a.b/c")


def deliver(results: Path, video: str) -> None:
    (results / video).mkdir(parents=True, exist_ok=True)
    (results / video / "media.json").write_text(json.dumps({"name": f"{video}.mp4"}))
    (results / video / "delivery.json").write_text(json.dumps([f"{video}.mkv"]))


def test_each_video_is_told_of_once_also_after_a_restart(tmp_path: Path) -> None:
    results, record = tmp_path / "results", tmp_path / "told.json"
    log = tmp_path / "log"

    def begin() -> Told:
        told = Told(f'echo "$VAT_NAME" >>{log}', results, record)
        told.begin()
        told.tell()
        return told

    deliver(results, "old")
    told = begin()
    assert not log.exists()
    deliver(results, "new")
    told.tell()
    told.tell()
    assert log.read_text().split() == ["new.mp4"]
    deliver(results, "while-away")
    begin()
    assert log.read_text().split() == ["new.mp4", "while-away.mp4"]
    os.utime(results / "old/delivery.json", (1, 1))
    begin()
    assert len(log.read_text().split()) == 2, "Snakemake touches what it has"
    anew = tmp_path / "anew"
    shutil.copy(results / "old/delivery.json", anew)
    anew.replace(results / "old/delivery.json")
    begin()
    assert log.read_text().split()[2:] == ["old.mp4"]


def test_a_hook_that_fails_is_called_five_times_and_stops_nothing(tmp_path: Path) -> None:
    results = tmp_path / "results"
    told = Told(f"echo x >>{tmp_path / 'log'}; exit 1", results, tmp_path / "told.json")
    told.begin()
    deliver(results, "a")
    for _ in range(9):
        told.tell()
    assert (tmp_path / "log").read_text().count("x") == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name the folder to watch"),
        (["https://a.b/c"], "is no folder"),
        (["file.mp4"], "is no folder"),
        (["missing"], "is no folder"),
        ([".", "--on-video-done", "nowhere://x"], "pip install apprise"),
        ([".", "--every", "often"], "see vat --help"),
        *(([".", "--every", n], "from 1 to 86400") for n in ("0", "0.5", "-1", "1e11", "nan")),
        ([".", "--set", "download=x"], "download.recursive=true"),
        ([".", "--configfile", "broken.yaml"], "is no YAML"),
        ([".", "--configfile", "list.yaml"], "has no settings at its top"),
        ([".", "--configfile", "text.yaml"], "has no settings at its top"),
        ([".", "--configfile", "section.yaml"], "is a section"),
        ([".", "--configfile", "latin.yaml"], "no text in UTF-8"),
    ],
)
def test_what_cannot_be_watched_is_refused(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.mp4").touch()
    (tmp_path / "broken.yaml").write_text("download: {recursive:")
    (tmp_path / "list.yaml").write_text("- a\n- b\n")
    (tmp_path / "text.yaml").write_text("recursive\n")
    (tmp_path / "section.yaml").write_text("download: [a]\n")
    (tmp_path / "latin.yaml").write_bytes("# é".encode("latin-1"))
    monkeypatch.setattr("vat_command.hooks.find_spec", lambda _: None)
    assert main(["watch", *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["watch", ".", "--configfile", "nosuch.yaml"], "nosuch.yaml': No such file"),
        (["watch", ".", "--configfile", "."], "Is a directory"),
        (["watch", ".", "--out", "file/out"], "Not a directory"),
        (["watch", "x" * 300], "shorter path"),
        (["x" * 300], "shorter path"),
        (["watch", ".", "--out", "locked"], "the right to it"),
        (["locked"], "the right to it"),
    ],
)
def test_what_the_disk_does_not_allow_is_said_in_one_sentence(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    if "locked" in words:
        # The administrator, as whom tests may run, is locked out of nothing.
        def refuse(path: Path, *_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(Path, "mkdir" if "watch" in words else "exists", refuse)
    assert main(words) == 1
    told = capsys.readouterr().err
    assert told.startswith("vat: ")
    assert said in told
    assert told.count("\n") == 1


def test_the_unit_of_systemd_starts_a_watch(root: Path) -> None:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(root / "packaging/systemd/vat-watch.service")
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "vat"
    command, wishes = read_wishes(words)
    assert command == "watch"
    assert wishes.sources == ["/data/in"]
    # Only the watch itself is told to stop, and stops its run; the pool's folder is in /tmp.
    assert unit["Service"]["KillMode"] == "mixed"
    assert "PrivateTmp" not in unit["Service"]
