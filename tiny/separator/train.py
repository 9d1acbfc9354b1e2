"""Train the tiny separator: train.py SECONDS OUTPUT.ckpt (needs melband-roformer-infer, espeak-ng)."""

import sys, time, json, numpy as np, torch, yaml, copy, threading, queue

sys.path.insert(0, ".")
import data
from mel_band_roformer import MelBandRoformer

torch.set_num_threads(1)
torch.manual_seed(0)
cfg = yaml.safe_load(open("config_training.yaml"))
m = cfg["model"]
m["multi_stft_resolutions_window_sizes"] = tuple(m["multi_stft_resolutions_window_sizes"])
model = MelBandRoformer(**m)
print("params", sum(p.numel() for p in model.parameters()))
secs = float(sys.argv[1])
B, N = 4, 2 * data.SR // 256 * 256
sp = data.corpus(240, 1, data.VOICES)
te = data.corpus(12, 99, data.TEST_VOICES)
print("tts done", sum(map(len, sp)) / data.SR, "s", flush=True)
rng = np.random.default_rng(0)
trng = np.random.default_rng(12345)
TS = [data.mix(te, trng, 5 * data.SR) for _ in range(12)]


def sisdr(e, t):
    e = e.reshape(-1)
    t = t.reshape(-1)
    a = (e @ t) / (t @ t + 1e-8)
    return 10 * np.log10(((a * t) ** 2).sum() / (((e - a * t) ** 2).sum() + 1e-8) + 1e-8)


def evaluate(mod):
    mod.eval()
    i, o = [], []
    with torch.no_grad():
        for x, v in TS:
            if np.abs(v).max() < 1e-4 or np.abs(x - v).max() < 1e-4:
                continue
            y = mod(torch.from_numpy(x)[None])[0].numpy()
            L = y.shape[-1]
            i.append(sisdr(x[:, :L], v[:, :L]))
            o.append(sisdr(y, v[:, :L]))
    mod.train()
    return np.mean(i), np.mean(o), np.min(np.array(o) - np.array(i))


q = queue.Queue(16)


def feed():
    while True:
        b = [data.mix(sp, rng, N) for _ in range(B)]
        q.put(
            (
                torch.from_numpy(np.stack([x for x, _ in b])),
                torch.from_numpy(np.stack([v for _, v in b])),
            )
        )


threading.Thread(target=feed, daemon=True).start()
opt = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=1e-3)
ema = copy.deepcopy(model).eval()
t0 = time.time()
step = 0
best = -99
win = {w: torch.hann_window(w) for w in (256, 512, 1024)}


def S(x, w):
    return torch.view_as_real(
        torch.stft(x.reshape(-1, x.shape[-1]), w, w // 4, window=win[w], return_complex=True)
    )


while (el := time.time() - t0) < secs:
    lr = 3e-3 * min(1, step / 100) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1, el / secs))))
    for g in opt.param_groups:
        g["lr"] = lr
    x, v = q.get()
    y = model(x)
    v = v[..., : y.shape[-1]]
    loss = 10 * (y - v).abs().mean() + sum((S(y, w) - S(v, w)).abs().mean() for w in win)
    opt.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    step += 1
    with torch.no_grad():
        for a, b in zip(ema.parameters(), model.parameters()):
            a.lerp_(b, 0.005 if step > 400 else 0.05)
    if step % 500 == 0:
        i, o, w = evaluate(ema)
        print(
            f"{el:6.0f}s step {step} loss {loss.item():.3f} SI-SDR in {i:.2f} out {o:.2f} gain {o - i:.2f} worst {w:.2f}",
            flush=True,
        )
        torch.save(
            {k: t.half() if t.is_floating_point() else t for k, t in ema.state_dict().items()},
            sys.argv[2],
        )
i, o, w = evaluate(ema)
torch.save(
    {k: t.half() if t.is_floating_point() else t for k, t in ema.state_dict().items()}, sys.argv[2]
)
print(f"FINAL steps {step} SI-SDR in {i:.2f} out {o:.2f} gain {o - i:.2f} worst {w:.2f}")
