"""5 talks: sentences that training never saw; mixed as waveforms. wav (16 kHz mono) + json truth."""

import random, json, pickle, numpy as np, soundfile as sf, os
import tw_lex, tw_synth, tw_noise

seen = {tw_lex.text(u[0]) for u in pickle.load(open("./u_train.pkl", "rb"))}
out = "./talks"
os.makedirs(out, exist_ok=True)
#      name    voice            seconds rate pitch  background
TALKS = [
    ("talk1", "en-us", 300, 160, 50, "mixed"),
    ("talk2", "en+f2", 120, 150, 55, "clean"),
    ("talk3", "en-us+m3", 120, 170, 45, "noise"),
    ("talk4", "en-gb-x-rp+f4", 120, 155, 50, "music"),
    ("talk5", "en-us+Annie", 120, 165, 50, "hum"),
]  # +Annie: a variant training never heard
for k, (name, voice, secs, rate, pitch, bg) in enumerate(TALKS):
    r = random.Random(7000 + k)
    g = np.random.default_rng(7000 + k)
    n = secs * 16000
    x = np.zeros(n, np.float32)
    t = r.uniform(0.4, 1.5)
    S = []
    music = []
    while True:
        while True:
            s = tw_lex.sentence(r)
            tx = tw_lex.text(s)
            if tx in seen or len(s) < 3:
                continue
            y, w = tw_synth.say(tx, voice, rate + r.randint(-8, 8), pitch, 50)
            if y is not None:
                break
        if t + w[-1][2] + 0.5 > secs:
            break
        a = int(t * 16000)
        e = min(len(y), n - a, int((w[-1][2] + 0.08) * 16000))
        x[a : a + e] += y[:e]
        t = a / 16000
        S.append(
            dict(
                text=tx,
                start=round(t, 3),
                end=round(t + w[-1][2], 3),
                words=[dict(word=q, start=round(t + b, 3), end=round(t + c, 3)) for q, b, c in w],
            )
        )
        z = r.random()
        d = (
            r.uniform(0.25, 0.7)
            if z < 0.5
            else r.uniform(0.7, 1.8)
            if z < 0.85
            else r.uniform(2, 4)
        )
        if name == "talk1" and len(S) in (18, 40):
            d = 14.0
            music.append(
                [round(t + w[-1][2] + 1, 2), round(t + w[-1][2] + 13, 2)]
            )  # music alone, no speech
        t += w[-1][2] + d
    lv = np.sqrt(np.mean(x[np.abs(x) > 0.02] ** 2))
    b = np.zeros(n)

    def put(sig, a, c, snr):
        i, j = int(a * 16000), int(c * 16000)
        sig = sig[: j - i]
        f = np.minimum(1, np.minimum(np.arange(len(sig)), np.arange(len(sig))[::-1]) / 8000.0)
        b[i : i + len(sig)] += sig * f * lv / (np.sqrt(np.mean(sig**2)) + 1e-9) * 10 ** (-snr / 20)

    if bg == "mixed":
        put(tw_noise.colored(g, n, 0.5), 0, secs, 32)
        for a, c in music:
            put(tw_noise.chords(g, int((c - a) * 16000)), a, c, 10)
        put(tw_noise.chords(g, 60 * 16000), secs - 90, secs - 30, 20)
    elif bg == "noise":
        put(tw_noise.colored(g, n, 0.5), 0, secs, 15)
    elif bg == "music":
        put(0.6 * tw_noise.chords(g, n) + 0.6 * tw_noise.beats(g, n), 0, secs, 18)
    elif bg == "hum":
        put(tw_noise.hum(g, n), 0, secs, 25)
    y = x + b
    y = y / np.abs(y).max() * 0.8
    sf.write(f"{out}/{name}.wav", y.astype(np.float32), 16000, subtype="PCM_16")
    json.dump(
        dict(
            name=name,
            voice=voice,
            rate=rate,
            background=bg,
            duration=secs,
            music_only=music,
            text=" ".join(q["text"] for q in S),
            segments=S,
        ),
        open(f"{out}/{name}.json", "w"),
        indent=1,
    )
    print(name, len(S), "sentences", sum(len(q["words"]) for q in S), "words")
