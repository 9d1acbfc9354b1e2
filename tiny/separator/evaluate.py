"""Separate a 20-s mixture at three levels and print the gain in dB."""

import sys, time, numpy as np, torch, warnings, yaml, soundfile as sf

warnings.simplefilter("ignore")
sys.path.insert(0, ".")
import data
from mel_band_roformer import get_model_from_config, demix_track
from ml_collections import ConfigDict

cfg = ConfigDict(yaml.safe_load(open("config.yaml")))
m = get_model_from_config("mel_band_roformer", cfg)
m.load_state_dict(torch.load("tiny_sep.ckpt", map_location="cpu", weights_only=True))
m.eval()
rng = np.random.default_rng(4242)
te = data.corpus(8, 555, data.TEST_VOICES)


def sisdr(e, t):
    e = e.reshape(-1)
    t = t.reshape(-1)
    a = (e @ t) / (t @ t + 1e-8)
    return 10 * np.log10(((a * t) ** 2).sum() / (((e - a * t) ** 2).sum() + 1e-8) + 1e-8)


n = 20 * data.SR
v = np.zeros((2, n), "f4")
p = data.SR
for s in te:
    if p + len(s) > n:
        break
    v[:, p : p + len(s)] = s
    p += len(s) + data.SR // 2
mu = data.music(n, rng).astype("f4")
v *= 0.1 / data.rms(v[np.abs(v) > 1e-3])
for snr in (6, 0, -5):
    x = v + mu * (0.1 / data.rms(mu)) * 10 ** (-snr / 20)
    t = time.time()
    import io, contextlib

    with contextlib.redirect_stdout(io.StringIO()):
        y = demix_track(cfg, m, torch.from_numpy(x), torch.device("cpu"))[0]["vocals"]
    print(
        f"20 s stereo 16k, SNR {snr}: {time.time() - t:.2f}s, SI-SDR in {sisdr(x, v):.1f} -> {sisdr(y, v):.1f} dB; music-only first second attenuated {20 * np.log10(data.rms(x[:, : data.SR]) / data.rms(y[:, : data.SR])):.1f} dB"
    )
sf.write("mix.wav", x.T, 16000)
sf.write("voc.wav", y.T, 16000)
