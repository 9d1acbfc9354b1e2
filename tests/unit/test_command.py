"""What is typed after `vat` becomes the command of Snakemake that does it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.cli import parse_config

from vat_command.cli import main, read_wishes
from vat_command.home import home
from vat_command.snakemake_call import Wishes, settings, snakemake_call

HOSTILE = "a: b, [c] {d} #é 😀'\" =\n.mp4"


def called(here: Path, *words: str) -> list[str]:
    """What follows `python -m snakemake`."""
    _, wishes = read_wishes(words)
    return snakemake_call(wishes, Path("/home"), here)[3:]


def config(call: list[str]) -> dict[str, object]:
    """The settings as Snakemake reads them."""
    start = call.index("--config") + 1
    end = next(n for n in range(start, len(call)) if call[n].startswith("--"))
    found = parse_config(call[start:end])
    assert isinstance(found, dict)
    return found


def test_the_home_is_that_of_the_workflow(root: Path) -> None:
    assert home() == root
    assert (home() / "workflow" / "Snakefile").is_file()


def test_a_folder_and_a_language_are_all_that_is_needed(tmp_path: Path) -> None:
    (tmp_path / HOSTILE).mkdir()
    call = called(tmp_path, HOSTILE, "--to", "zh", "-n")
    assert call[:2] == ["--snakefile", "/home/workflow/Snakefile"]
    assert config(call) == {
        "videos": [str(tmp_path / HOSTILE)],
        "languages": {"targets": ["zh"]},
    }
    assert call[call.index("--directory") + 1] == str(tmp_path)
    assert "--dry-run" in call


def test_options_may_stand_anywhere(tmp_path: Path) -> None:
    for name in ("a.mp4", "123"):
        (tmp_path / name).touch()
    words = ["a.mp4", "--to", "zh,ja", "--from", "en,de", "--out", "runs/1", "123", "--to", "fr"]
    call = called(tmp_path, *words, "https://a.b/c")
    assert config(call) == {
        "videos": [str(tmp_path / "a.mp4"), str(tmp_path / "123"), "https://a.b/c"],
        "languages": {"targets": ["zh", "ja", "fr"], "source": ["en", "de"]},
    }
    assert call[call.index("--directory") + 1] == str(tmp_path / "runs/1")


def test_settings_are_merged_with_those_meant_for_snakemake(tmp_path: Path) -> None:
    words = "--configfile my.yaml --set asr.model=large-v3 --set asr.beam_size=1 --to none"
    words += " --set translate.base_url=http://localhost:8000/v1 -- --cores 2"
    words += " --config split={chunk_seconds:_20} languages={source:_en} --until merge"
    call = called(
        tmp_path, *(word.replace("_20", " 20").replace("_en", " en") for word in words.split())
    )
    assert config(call) == {
        "asr": {"model": "large-v3", "beam_size": "1"},
        "translate": {"base_url": "http://localhost:8000/v1"},
        "split": {"chunk_seconds": "20"},
        "languages": {"targets": [], "source": "en"},
    }
    assert call[-4:] == ["--cores", "2", "--until", "merge"]
    assert call[call.index("--configfile") + 1] == "my.yaml"


@pytest.mark.parametrize("command", ["doctor", "forecast", "edits", "glossary"])
def test_commands_are_targets_of_the_workflow(tmp_path: Path, command: str) -> None:
    (tmp_path / "in").mkdir()
    call = called(tmp_path, command, "in", "--to", "zh", "--", "--quiet")
    assert call[-3:] == ["--quiet", "--", command]
    assert called(tmp_path, command)[-2:] == ["--", command]
    assert called(tmp_path, "in")[-1] != "in"


def test_a_profile_is_the_workflows_or_the_users_own(root: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()

    def profile(*words: str) -> str:
        _, wishes = read_wishes(["in", *words])
        call = snakemake_call(wishes, root, tmp_path)
        return call[call.index("--profile") + 1]

    assert profile() == str(root / "profiles" / "local-gpu")
    assert profile("--profile", "slurm") == str(root / "profiles" / "slurm")
    assert profile("--profile", "mine") == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing"], "There is no file or folder"),
        (["docter"], "did you mean vat doctor?"),
        (["--to", "zh"], "Name a folder"),
        ([".", "--set", "asr.model"], "is no setting"),
        ([".", "--set", "asr..model=x"], "is no setting"),
        ([".", "--set", "asr=x", "--set", "asr.model=x"], "say it once"),
        ([".", "--too", "zh"], "see vat --help"),
        ([".", "--to"], "see vat --help"),
        (["demo", "mine.mp4"], "The demo has its own videos"),
        (["review"], "run vat FOLDER first"),
    ],
)
def test_what_means_nothing_is_said_in_one_sentence(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.startswith("vat: ")
    assert told.count("\n") == 1


def test_without_a_word_it_tells_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "vat talks --to zh" in capsys.readouterr().out


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1))
def test_any_value_reaches_the_workflow_as_it_is(value: str) -> None:
    wishes = Wishes(sources=[f"https://a.b/{value}"], rest=["--quiet"])
    call = snakemake_call(wishes, Path("/home"), Path("/here"))[3:]
    assert config(call) == {"videos": [f"https://a.b/{value}"]}


def test_a_source_is_the_same_video_wherever_one_stands(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("in")
    one = settings(Wishes(sources=["in"]), tmp_path)
    assert one == {"videos": [str(tmp_path / "in")]}
    assert one == settings(Wishes(sources=["../in/"]), tmp_path / "there")
    linked = settings(Wishes(sources=["./link"]), tmp_path)
    assert linked == {"videos": [str(tmp_path / "link")]}
