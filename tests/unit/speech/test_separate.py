"""Speech comes out of music, at the same times, in memory that does not grow."""

import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tiny.judging import distortion_ratio
from tiny.music import music
from vat.errors import GpuMemoryError, ModelError
from vat.media.sound import SPEECH_RATE, write_flac
from vat.speech.separate import load_separator, overlap_add, separate


@pytest.fixture(scope="module")
def model(root: Path) -> str:
    return str(root / "models/separator")


@pytest.fixture(scope="module")
def speech(root: Path) -> np.ndarray:
    data, _ = soundfile.read(root / "tests/data/speech.flac", dtype="float32")
    return np.asarray(data, np.float32)


def with_music(speech: np.ndarray, decibels: float) -> np.ndarray:
    under = music(len(speech), np.random.default_rng(4242), SPEECH_RATE)
    loud = speech[np.abs(speech) > 1e-3]
    level = np.sqrt(np.mean(loud**2) / np.mean(under**2)) * 10 ** (-decibels / 20)
    mixed = np.stack([speech, speech]) + under * level
    return np.asarray(mixed / np.abs(mixed).max(), np.float32)


@pytest.mark.parametrize("decibels", [0, -5])
def test_speech_is_better_by_six_decibels(
    tmp_path: Path, model: str, speech: np.ndarray, decibels: float
) -> None:
    mixed = with_music(speech, decibels)
    soundfile.write(tmp_path / "a.flac", mixed.T, SPEECH_RATE)
    separate(tmp_path / "a.flac", tmp_path / "s.flac", model, device="cpu", threads=1)
    found, rate = soundfile.read(tmp_path / "s.flac", dtype="float32")
    assert (rate, len(found)) == (SPEECH_RATE, len(speech))
    assert distortion_ratio(found, speech) > distortion_ratio(mixed.mean(axis=0), speech) + 6


@pytest.mark.parametrize(
    ("rate", "channels", "seconds"),
    [(44100, 2, 7.3), (44100, 1, 0.05), (16000, 1, 4.0), (48000, 2, 9.001), (16000, 2, 8.0)],
)
def test_the_length_is_kept(
    tmp_path: Path, model: str, rate: int, channels: int, seconds: float
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (round(rate * seconds), channels))
    soundfile.write(tmp_path / "a.flac", noise, rate)
    separate(tmp_path / "a.flac", tmp_path / "s.flac", model, device="cpu", threads=1)
    info = soundfile.info(str(tmp_path / "s.flac"))
    assert (info.samplerate, info.channels) == (SPEECH_RATE, 1)
    assert info.duration == pytest.approx(seconds, abs=1e-3)


@given(
    st.integers(1, 3000),
    st.integers(1, 700),
    st.integers(2, 300),
    st.integers(1, 4),
)
def test_windows_add_up_to_what_went_in(count: int, piece: int, window: int, overlaps: int) -> None:
    sound = np.random.default_rng(count).normal(size=(2, count)).astype(np.float32)
    pieces = (sound[:, at : at + piece] for at in range(0, count, piece))
    overlap = window - max(1, window // overlaps)
    found = list(overlap_add(pieces, lambda mixture: mixture, window, overlap))
    assert np.allclose(np.concatenate(found, axis=1), sound, atol=1e-5)


def test_memory_does_not_grow_with_the_length() -> None:
    def peak(windows: int) -> int:
        pieces = (np.zeros((2, 16000), np.float32) for _ in range(windows * 4))
        tracemalloc.start()
        for _ in overlap_add(pieces, lambda mixture: mixture.copy(), 64000, 32000):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(200) < 1.2 * peak(10)


def test_a_deeper_mask_estimator_is_read_from_the_weights(tmp_path: Path, model: str) -> None:
    import torch
    import yaml
    from pymss_core import get_model_from_config

    config = yaml.safe_load((Path(model) / "config.yaml").read_text())
    config["model"]["mask_estimator_depth"] = 2
    (tmp_path / "deep.yaml").write_text(yaml.safe_dump(config))
    made = get_model_from_config(
        "mel_band_roformer", str(tmp_path / "deep.yaml"), {"mlp_hidden_layers": 2}
    )
    network = made[0] if isinstance(made, tuple) else made
    torch.save(network.state_dict(), tmp_path / "deep.ckpt")
    loaded, _ = load_separator(str(tmp_path), "cpu")
    wanted = network.state_dict()
    assert all(torch.equal(wanted[key], value) for key, value in loaded.state_dict().items())


def test_kims_network_has_the_size_of_its_checkpoint(root: Path) -> None:
    import torch
    from pymss_core import get_model_from_config

    with torch.device("meta"):
        made = get_model_from_config(
            "mel_band_roformer", str(root / "src/vat/data/kim.yaml"), {"mlp_hidden_layers": 2}
        )
    network = made[0] if isinstance(made, tuple) else made
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(228.2e6, rel=1e-3)


@pytest.mark.parametrize("fault", ["no files", "two files", "no checkpoint", "other network"])
def test_a_wrong_folder_is_named(tmp_path: Path, model: str, fault: str) -> None:
    if fault != "no files":
        shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    if fault == "two files":
        shutil.copy(tmp_path / "config.yaml", tmp_path / "other.yaml")
    if fault == "no checkpoint":
        (tmp_path / "tiny_sep.ckpt").write_bytes(b"no checkpoint")
    if fault == "other network":
        text = (tmp_path / "config.yaml").read_text().replace("dim: 32", "dim: 48")
        (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ModelError, match=r"separate\.model"):
        load_separator(str(tmp_path), "cpu")


def test_a_full_gpu_is_told_apart_and_leaves_no_file(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> object:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr("vat.speech.separate._on_device", lambda *_: full)
    write_flac(tmp_path / "a.flac", [np.zeros(1000, np.float32)], SPEECH_RATE)
    with pytest.raises(GpuMemoryError, match="separating speech"):
        separate(tmp_path / "a.flac", tmp_path / "s.flac", model, device="cpu", threads=1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]
