"""The libraries load together, and give on the GPU what they give on the CPU."""

import functools
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.real_gpu.report import Check, Figures, SkippedError

ROOT = Path(__file__).resolve().parents[2]
SPEECH = ROOT / "tests" / "data" / "speech.flac"
SPEECH_SECONDS = 20.0
LEAST_DB = 60.0


def checks(device: str, kit: Path) -> Mapping[str, Check]:
    """The checks of this part on a device, "cuda" or, in a rehearsal, "cpu"."""
    on = functools.partial
    found: dict[str, Check] = {
        "libraries": on(libraries, device),
        "tiny recogniser": on(same_words, device, ROOT / "models" / "asr"),
        "separator": on(same_sound, device),
        "translator": on(same_translation, device),
        "NVENC": nvenc,
    }
    for name in ("tiny.en", "base"):
        if (kit / name).is_dir():
            found[f"Whisper {name}"] = on(same_words, device, kit / name)
    return found


def libraries(device: str) -> Figures:
    """CTranslate2 and torch in one process, each with a GPU; cuBLAS of both is loaded."""
    import ctranslate2
    import torch

    from vat.jobs.device import preload_cuda_libraries

    preload_cuda_libraries()
    if device == "cuda":
        product = torch.ones(64, 64, device="cuda") @ torch.ones(64, 64, device="cuda")
        if product[0, 0].item() != 64.0:
            raise ValueError("torch multiplies wrongly")
    types = sorted(ctranslate2.get_supported_compute_types(device))
    return {
        "torch": torch.__version__,
        "its CUDA": str(torch.version.cuda),
        "ctranslate2": ctranslate2.__version__,
        "its devices": ctranslate2.get_cuda_device_count(),
        "compute types": " ".join(types),
    }


def same_words(device: str, model: Path) -> Figures:
    """The words of real or made speech: those of the CPU."""
    from vat.speech.asr import transcribe_window
    from vat.speech.settings import AsrSettings

    def words(where: str) -> list[str]:
        settings = asdict(AsrSettings(model=str(model)))
        found = transcribe_window(
            str(SPEECH), 0.0, SPEECH_SECONDS, "en", str(model), settings, where, 4
        )
        return [word["text"] for word in found["words"]]

    here, there = words(device), words("cpu")
    differing = sum(a != b for a, b in zip(here, there, strict=False)) + abs(len(here) - len(there))
    if differing > max(1, len(there) // 50):
        raise ValueError(f"{differing} of {len(there)} words differ: {here} {there}")
    return {"words": len(there), "differing": differing}


def same_sound(device: str) -> Figures:
    """The separated sound: that of the CPU but for rounding."""
    import numpy as np
    import soundfile

    from vat.speech.separate import separate

    with tempfile.TemporaryDirectory() as folder:
        paths = {where: Path(folder, f"{where}.flac") for where in (device, "cpu")}
        for where, path in paths.items():
            separate(SPEECH, path, str(ROOT / "models" / "separator"), device=where, threads=4)
        here, there = (soundfile.read(paths[where])[0] for where in (device, "cpu"))
    noise = float(np.square(here - there).sum())
    level = 10 * np.log10(float(np.square(there).sum()) / noise) if noise else 200.0
    if level < LEAST_DB:
        raise ValueError(f"the sounds agree within {level:.0f} dB only")
    return {"agree within dB": round(level)}


def same_translation(device: str) -> Figures:
    """The translations of a local model: those of the CPU."""
    from vat.subtitles.limits import cue_settings
    from vat.timeline import Cue
    from vat.translate.settings import Means, TranslateSettings
    from vat.translate.translate import translate

    said = ["the old man sees a house", "who likes every car", "the boats are near the river"]
    cues = [Cue(at, at * 5.0, at * 5.0 + 4, text) for at, text in enumerate(said, 1)]
    settings = TranslateSettings(
        "ctranslate2", str(ROOT / "models" / "translator"), on_failure="keep-source-and-mark"
    )

    def texts(where: str) -> list[str]:
        layout = cue_settings("zh", {})
        found = translate(cues, "en", "zh", settings, layout, Means(device=where, threads=4))
        return [cue.text for cue in found.cues]

    here, there = texts(device), texts("cpu")
    if here != there:
        raise ValueError(f"{here} instead of {there}")
    return {"subtitles": len(cues)}


def nvenc() -> Figures:
    """What the probe of NVENC says; cards for computing have none."""
    from vat.embed.encoders import probe_encoder
    from vat.media.ffmpeg import ffmpeg_path

    said = probe_encoder("h264_nvenc", "yuv420p", ffmpeg_path("bundled"))
    if said is None:
        return {"h264_nvenc": "works"}
    raise SkippedError(f"the probe says: {said}")
