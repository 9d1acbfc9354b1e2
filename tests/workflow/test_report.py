"""The end of a run leaves pages; what is saved on one of them is in the video after the next."""

import json
import re
import shutil
from pathlib import Path

from tests.helpers.workflow import Workflow, demo
from vat.subtitles.formats import to_srt
from vat.subtitles.track import Track
from vat.timeline import Cue


def data_of(page: Path) -> dict[str, dict[str, list[tuple[float, float, str]]]]:
    (text,) = re.findall(r'id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    found: dict[str, dict[str, list[tuple[float, float, str]]]] = json.loads(text)
    return found


def test_a_correction_from_a_page_is_in_the_video_and_on_the_page(
    workflow: Workflow, finished_demo: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_demo, run, symlinks=True)
    index = (run / "results/report/index.html").read_text("utf-8")
    videos = [path.parent.name for path in run.glob("results/*/media.json")]
    assert all(f'href="{video}.html"' in index for video in videos)
    page = run / f"results/report/{videos[0]}.html"
    cues = data_of(page)["tracks"]["zh"]
    cues[0] = (*cues[0][:2], "我改过了")
    saved = Track("zh", [Cue(at, *cue) for at, cue in enumerate(cues, 1)], "zh")
    (run / f"edits/{videos[0]}").mkdir(parents=True)
    (run / f"edits/{videos[0]}/zh.srt").write_text(to_srt(saved), "utf-8")
    done = workflow(run, *demo())
    assert done.status == 0, done.output
    assert done.jobs() == {"all": 1, "edit": 1, "embed": 1, "deliver": 1}
    assert json.loads((run / f"results/{videos[0]}/edited/zh.report.json").read_text()) == {
        "edits": 1,
        "conflicts": [],
    }
    assert data_of(page)["tracks"]["zh"][0][2] == "我改过了"
