"""The pages in a real browser: Debian's chromium by selenium; skipped where there is none."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.helpers.media import make_video
from vat.files import write_json
from vat.report.pages import write_pages
from vat.report.rendering import visible
from vat.report.run import Run
from vat.report.server import ReviewServer, Shelf, serve

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
exceptions = pytest.importorskip("selenium.common.exceptions")
BROWSER, DRIVER = (
    next((path for name in names if (path := shutil.which(name))), None)
    for names in (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))
)
pytestmark = pytest.mark.skipif(
    BROWSER is None or DRIVER is None,
    reason="there is no browser: apt-get install chromium chromium-driver",
)

HOSTILE = "</script><script>hacked = 1</script>\u202e\"'<img src=x onerror='hacked=1'>"
SAID = ("one", "two & <b>three</b>", HOSTILE)
HOURS_CUES = 2_000


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """A browser without a window, which saves what it downloads in a folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for one in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--autoplay-policy=no-user-gesture-required", "--window-size=1200,900"),
        f"--user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    downloads = tmp_path / "downloads"
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield made
    made.quit()


def track(language: str, texts: tuple[str, ...]) -> dict[str, Any]:
    cues = [
        {"id": at + 1, "start": 1.0 + at, "end": 1.8 + at, "text": text}
        for at, text in enumerate(texts)
    ]
    return {"language": language, "cues": cues}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A short video in three scripts with a hostile title, and words in its quarantine."""
    found, folder = tmp_path / "run/results", tmp_path / "run/results/a"
    make_video(tmp_path / "talk.mp4", 6)
    folder.mkdir(parents=True)
    (folder / "source").symlink_to(tmp_path / "talk.mp4")
    write_json(folder / "media.json", {"name": "talk.mp4", "duration": 6.0})
    write_json(folder / "subtitles/source.json", track("en", SAID))
    write_json(folder / "subtitles/ar.json", track("ar", ("واحد", "اثنان و ثلاثة", "أربعة")))
    write_json(folder / "subtitles/zh.json", track("zh", ("一个", "两个和三个", "四个")))
    gone = {"id": "ab12", "start": 4.0, "end": 5.0, "text": "Thanks", "signs": ["no voice"]}
    words = {"words": [], "speech": [[1.0, 4.0]], "seams": []}
    transcript = {**words, "quarantine": [{**gone, "fate": "left out"}]}
    write_json(folder / "transcript.json", transcript)
    _with_sound(folder / "speech.flac")
    one = {"video": "a", "name": HOSTILE, "state": "done", "error": None, "log": None}
    write_json(found / "summary.json", _summary({**one, "warnings": []}))
    write_pages(Run(found, tmp_path / "run/logs", 0))
    return found


def _with_sound(path: Path) -> None:
    import numpy as np
    import soundfile

    soundfile.write(path, np.sin(np.arange(6 * 16_000) / 9) * np.linspace(0, 1, 96_000), 16_000)


def _summary(*videos: dict[str, Any]) -> dict[str, Any]:
    return {"videos": videos, "shared": [], "tokens": {"input": 0, "output": 0}, "cost": None}


def until(true: Callable[[], Any], seconds: float = 15) -> Any:
    """What a question is answered by, as soon as the answer is a true one."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def press(browser: Any, keys: str) -> None:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def severe(browser: Any) -> list[str]:
    return [one["message"] for one in browser.get_log("browser") if one["level"] == "SEVERE"]


def saved(browser: Any) -> str:
    text: str = browser.find_element("id", "said").text
    return text


def test_from_a_file_it_plays_and_saves_by_keyboard_alone(
    browser: Any, results: Path, tmp_path: Path
) -> None:
    browser.get((results / "report/a.html").as_uri())
    assert browser.title == visible(HOSTILE)
    assert browser.execute_script("return window.hacked") is None
    assert HOSTILE in [
        one.get_property("value") for one in browser.find_elements("css selector", "textarea")
    ]
    press(browser, "jp")
    until(lambda: browser.execute_script("return player.currentTime") > 0.9)
    assert browser.execute_script("return player.textTracks.length") == 3
    press(browser, "e")
    field = browser.switch_to.active_element
    assert field.tag_name == "textarea"
    field.send_keys("!\n\n!")
    press(browser, "\ue00c")
    name = field.find_element("xpath", "..").text.split()[0]
    browser.find_element("id", f"save-{name}").send_keys("\ue007")
    file = tmp_path / "downloads" / f"{name}.srt"
    until(file.exists)
    assert "!\n!\n\n" in file.read_text("utf-8")
    assert f"Put {name}.srt into edits/a/" in saved(browser)
    assert severe(browser) == []


def test_rows_are_sorted_and_filtered(browser: Any, results: Path) -> None:
    others = [
        {"video": f"v{n}", "name": f"name {n}", "state": "waiting", "error": None, "log": None}
        for n in (2, 10, 1)
    ]
    told = json.loads((results / "summary.json").read_text())["videos"]
    write_json(results / "summary.json", _summary(*told, *({**o, "warnings": []} for o in others)))
    write_pages(Run(results, results.parent / "logs", 0))
    browser.get((results / "report/index.html").as_uri())
    assert browser.execute_script("return window.hacked") is None
    rows = browser.find_elements("css selector", "#videos tr")
    browser.find_elements("css selector", "th button")[0].click()
    heads = browser.find_elements("tag name", "th")
    assert heads[0].get_attribute("aria-sort") == "ascending"
    browser.find_element("id", "filter").send_keys("name 1")
    cells = [one.find_element("tag name", "td") for one in rows if one.is_displayed()]
    shown = [one.text for one in cells]
    assert sorted(shown) == ["name 1", "name 10"]
    assert severe(browser) == []


@pytest.fixture
def served(results: Path, tmp_path: Path) -> Iterator[tuple[ReviewServer, Path]]:
    edits = tmp_path / "run/edits"
    server = ReviewServer(Shelf(results, results.parent / "logs", edits))
    thread = Thread(target=serve, args=(server,))
    thread.start()
    yield server, edits
    server.ended.set()
    thread.join(10)


def test_where_it_is_served_it_saves_at_once(
    browser: Any, served: tuple[ReviewServer, Path]
) -> None:
    server, edits = served
    browser.get(server.url.replace("index.html", "a.html"))
    until(lambda: browser.execute_script("return player.readyState") >= 1)
    zh = browser.find_elements("css selector", "textarea[lang=zh]")[0]
    before = zh.get_property("value")
    zh.send_keys("！")
    press(browser, "\ue00c")
    until(lambda: "Saved in" in saved(browser))
    assert f"{before}！" in (edits / "a/zh.srt").read_text("utf-8")
    back = next(
        one for one in browser.find_elements("tag name", "button") if one.text == "Put it back"
    )
    back.click()
    until((edits / "a/restore.txt").exists)
    assert (edits / "a/restore.txt").read_text() == "ab12\n"
    browser.refresh()
    until(
        lambda: (
            f"{before}！"
            in [one.get_property("value") for one in browser.find_elements("tag name", "textarea")]
        )
    )
    until(lambda: "Leave it out after all" in browser.find_element("tag name", "body").text)
    assert browser.execute_script("return strip.width") > 100
    assert severe(browser) == []
    browser.find_element("id", "end").click()
    assert server.ended.wait(10)


def show(browser: Any, address: str) -> None:
    """Open a page; a browser that was just made narrower may break off the first time."""
    try:
        browser.get(address)
    except exceptions.TimeoutException:
        browser.get(address)


def test_light_dark_narrow_and_wide(browser: Any, results: Path, tmp_path: Path) -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        for width in (480, 1200):
            browser.set_window_size(width, 900)
            for name in ("a", "index"):
                show(browser, (results / f"report/{name}.html").as_uri())
                picture = tmp_path / f"{name}-{scheme}-{width}.png"
                assert browser.save_screenshot(str(picture))
                assert picture.stat().st_size > 5_000
                wide = "return document.documentElement.scrollWidth - innerWidth"
                assert browser.execute_script(wide) <= 1
                ground = "return getComputedStyle(document.querySelector('h1')).color"
                grounds.add((scheme, browser.execute_script(ground)))
    assert len(grounds) == 2
    browser.get((results / "report/a.html").as_uri())
    until(lambda: browser.find_elements("css selector", "textarea[lang=ar]"))
    arabic = browser.find_elements("css selector", "textarea[lang=ar]")[0]
    assert (
        browser.execute_script("return getComputedStyle(arguments[0]).direction", arabic) == "rtl"
    )


def test_three_hours_do_not_stutter(browser: Any, tmp_path: Path) -> None:
    results, folder = tmp_path / "results", tmp_path / "results/v"
    for name, text in (("source", "They said the number {}."), ("zh", "他们说了数字 {}。")):
        cues = [
            {"id": n, "start": n * 5.4, "end": n * 5.4 + 3, "text": text.format(n)}
            for n in range(1, HOURS_CUES + 1)
        ]
        language = "en" if name == "source" else name
        write_json(folder / f"subtitles/{name}.json", {"language": language, "cues": cues})
    write_json(folder / "media.json", {"name": "v.mp4", "duration": HOURS_CUES * 5.4})
    one = {"video": "v", "name": "v.mp4", "state": "done", "error": None, "log": None}
    write_json(results / "summary.json", _summary({**one, "warnings": []}))
    write_pages(Run(results, tmp_path / "logs", 0))
    page = results / "report/v.html"
    assert page.stat().st_size < 3 * 2**20
    began = time.monotonic()
    browser.get(page.as_uri())
    assert len(browser.find_elements("css selector", ".look")) == HOURS_CUES
    assert time.monotonic() - began < 20
    step = """
      const done = arguments[0], times = [];
      const go = () => {
        const began = performance.now();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
        document.body.offsetHeight;
        times.push(performance.now() - began);
        if (times.length < 60) requestAnimationFrame(go);
        else done(times.sort((a, b) => a - b)[30]);
      };
      go();
    """
    assert browser.execute_async_script(step) < 100, "milliseconds for one step"
