"""What the workflow plans and does for embedding and delivery."""

import shutil
from pathlib import Path

import av
import pytest

from tests.helpers.encrypted import cenc
from tests.helpers.media import ffmpeg
from tests.helpers.oddities import ODDITIES, timecode
from tests.helpers.workflow import Workflow, demo, silent_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    videos = tmp_path_factory.mktemp("videos")
    silent_video(videos / "a {b} c.mp4", 5)
    return videos


def embed_job(workflow: Workflow, directory: Path, folder: Path, *config: str, **env: str) -> str:
    """What a dry run says of the job that embeds."""
    run = workflow(directory, *demo("-n", "--config", f"videos={folder}", *config), **env)
    assert run.status == 0, run.output
    return next(text for text in run.output.split("\nrule ") if text.startswith("embed:"))


@pytest.mark.parametrize(
    ("config", "resources"),
    [
        ("embed={mode: soft, encoder: h264_nvenc}", "gpu=0, gpu_mem_mb=0"),
        ("embed={mode: burn}", "gpu=0, gpu_mem_mb=0"),
        ("embed={mode: both, encoder: hevc_nvenc, gpu_mem_mb: 700}", "gpu=1, gpu_mem_mb=700"),
        ("embed={mode: burn, encoder: auto}", "gpu=0, gpu_mem_mb=0"),
    ],
)
def test_a_gpu_is_asked_for_where_one_may_encode(
    workflow: Workflow, folder: Path, tmp_path: Path, config: str, resources: str
) -> None:
    no_driver = "import vat.embed.encoders as e\ne.NVENC_LIBRARY = 'no-such-library'\n"
    (tmp_path / "sitecustomize.py").write_text(no_driver)
    job = embed_job(workflow, tmp_path, folder, config, PYTHONPATH=str(tmp_path))
    assert resources in job


def test_auto_asks_for_a_gpu_where_the_driver_encodes(
    workflow: Workflow, folder: Path, tmp_path: Path
) -> None:
    driver = "import vat.embed.encoders as e\ne.NVENC_LIBRARY = 'libm.so.6'\n"
    (tmp_path / "sitecustomize.py").write_text(driver)
    config = "embed={mode: burn, encoder: auto}"
    job = embed_job(workflow, tmp_path, folder, config, PYTHONPATH=str(tmp_path))
    assert "gpu=1, gpu_mem_mb=1000" in job


@pytest.mark.parametrize(
    ("config", "absent", "present"),
    [
        ("embed={bilingual: [zh, source]}", set(), {"bilingual": 1, "embed": 1}),
        ("embed={bilingual: [source, en]}", set(), {"bilingual": 1}),
        ("delivery={how: none}", {"deliver"}, {"embed": 1}),
        ("embed={mode: none}", {"embed"}, {"deliver": 1}),
    ],
)
def test_each_case_plans_what_it_needs(
    workflow: Workflow,
    folder: Path,
    tmp_path: Path,
    config: str,
    absent: set[str],
    present: dict[str, int],
) -> None:
    run = workflow(tmp_path, *demo("-n", "--config", f"videos={folder}", config))
    assert run.status == 0, run.output
    assert not absent & set(run.jobs())
    assert present.items() <= run.jobs().items()


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("embed={bilingual: [zh]}", "embed.bilingual names one language"),
        ("embed={bilingual: [zh, ja]}", "embed.bilingual names ja"),
        ("embed={burn_language: sorce}", "did you mean 'source'"),
        ("embed={mode: burn, style: nowhere.ass}", "nowhere.ass"),
        ("embed={encoder: x264}", "did you mean 'libx264'"),
        ("embed={still: nowhere.png}", "nowhere.png"),
    ],
)
def test_a_mistake_is_one_sentence(
    workflow: Workflow, folder: Path, tmp_path: Path, config: str, sentence: str
) -> None:
    run = workflow(tmp_path, *demo("-n", "--config", f"videos={folder}", config))
    assert run.status != 0
    assert sentence in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize(("still", "jobs"), [("null", 0), ("cover", 1), ("p.png", 1)])
def test_a_video_is_made_of_sound_where_a_picture_is_named(
    workflow: Workflow, tmp_path: Path, still: str, jobs: int
) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=440:r=16000:d=2", tmp_path / "v.mp3")
    (tmp_path / "p.png").touch()
    config = (f"videos={tmp_path / 'v.mp3'}", f"embed={{still: {still}}}")
    run = workflow(tmp_path, *demo("-n", "--config", *config))
    assert run.status == 0, run.output
    assert run.jobs().get("embed", 0) == jobs


def test_a_dry_run_tells_what_becomes_of_the_streams(workflow: Workflow, tmp_path: Path) -> None:
    videos = tmp_path / "in"
    silent_video(videos / "plain.mkv", 2)
    for name, oddity in (("coded.mov", timecode), ("real.rm", ODDITIES["RealVideo"][1])):
        oddity(videos / name)
    cenc(videos / "secret.mp4")
    for _ in range(2):  # the second time it is remembered
        run = workflow(tmp_path / "out", *demo("-n", "--config", f"videos={videos}"))
        assert run.status == 0, run.output
        told = run.output.partition("Streams of the results:\n")[2]
        assert told.startswith(
            "  coded.mov: 1 copied, 1 left out\n"
            "    mkv cannot hold stream 1 (eng tmcd data): it is left out\n"
            "  real.rm: 1 encoded, 1 copied\n"
            "    no container takes stream 0 (rv10 video) as it is: it is encoded anew by libx264\n"
            "  secret.mp4: REFUSED. 'secret.mp4' is encrypted;"
        )
        assert "  1 videos: all is copied\n" in told
    run = workflow(
        tmp_path / "out", *demo("-n", "--config", f"videos={videos}", "embed={container: mp4}")
    )
    assert "coded.mov" not in run.output.partition("Streams of")[2].partition("all is copied")[0]


def test_a_burned_bilingual_video_is_made_and_delivered(
    root: Path, finished_demo: Path, workflow: Workflow, tmp_path: Path
) -> None:
    shutil.copytree(finished_demo, tmp_path / "run", symlinks=True)
    style = (root / "src/vat/data/styles/boxed.ass").read_text()
    (tmp_path / "run" / "mine.ass").write_text(style)
    settings = "mode: both, container: mp4, bilingual: [zh, source], burn_language: source"
    settings += ", source_track: true, style: mine.ass, encoder: auto, quality: 45"
    record = next((finished_demo / "results").glob("clean-*")).name
    run = workflow(
        tmp_path / "run",
        *demo("--config", f"embed={{{settings}}}", "delivery={how: copy, sidecars: [srt, ass]}"),
        *("--", f"results/{record}/delivery.json"),
    )
    assert run.status == 0, run.output
    assert run.jobs() == {"bilingual": 1, "embed": 1, "deliver": 1}
    delivered = tmp_path / "run/results/delivery"
    for end in ("bilingual.zh.ass", "bilingual.zh.srt", "en.ass", "en.srt", "zh.ass", "zh.srt"):
        assert (delivered / f"clean.{end}").is_file(), end
        assert not (delivered / f"clean.{end}").is_symlink()
    with av.open(str(delivered / "clean.mp4")) as container:
        tracks = [(s.language, s.codec_context.name) for s in container.streams.subtitles]
        assert tracks == [("zho", "mov_text"), ("zho", "mov_text"), ("eng", "mov_text")]
        assert container.streams.video[0].codec_context.name == "h264"
    # The links of the delivery before belong to this video, and have made room.
    assert not (delivered / "clean.mkv").is_symlink()
