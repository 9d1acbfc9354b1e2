"""Silence, noise, music and chunking against a model: tw_checks.py MODEL"""

import sys, json, time, re, numpy as np, soundfile as sf, faster_whisper, jiwer, tw_noise

m = faster_whisper.WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=1)
norm = lambda s: re.sub(r"[^a-z ]", "", s.lower())
g = np.random.default_rng(5)
C = {
    "zeros 30 s": np.zeros(480000),
    "zeros 3 s": np.zeros(48000),
    "white -40 dB 20 s": 0.01 * g.standard_normal(320000),
    "pink loud 20 s": 0.3 * tw_noise.colored(g, 320000, 0.5),
    "chords 25 s": 0.3 * tw_noise.chords(g, 400000),
    "chords+beats 60 s": 0.3 * tw_noise.chords(g, 960000) + 0.3 * tw_noise.beats(g, 960000),
    "hum 15 s": 0.2 * tw_noise.hum(g, 240000),
}
for k, x in C.items():
    for vad in (False, True):
        t = time.time()
        s = list(
            m.transcribe(x.astype("float32"), language="en", vad_filter=vad, word_timestamps=True)[
                0
            ]
        )
        print(
            f"{k:20s} vad={vad!s:5}: {sum(len(q.words) for q in s)} words {' '.join(q.text for q in s)[:70]!r} nospeech {[round(q.no_speech_prob, 2) for q in s][:4]} {time.time() - t:.2f}s"
        )
for n in ("talk1", "talk2"):
    J = json.load(open(f"talks/{n}.json"))
    x, _ = sf.read(f"talks/{n}.wav", dtype="float32")
    S = J["segments"]
    for maxlen in (
        0,
        15,
        28,
    ):  # cut at true silences (>0.3 s): every sentence alone / chunks up to maxlen s
        cuts = [0.0]
        for a, b in zip(S, S[1:]):
            if b["start"] - a["end"] > 0.3 and (maxlen == 0 or b["end"] - cuts[-1] > maxlen):
                cuts.append((a["end"] + b["start"]) / 2)
        cuts.append(J["duration"])
        H = []
        t = time.time()
        D = []
        for a, b in zip(cuts, cuts[1:]):
            for q in m.transcribe(
                x[int(a * 16000) : int(b * 16000)],
                language="en",
                word_timestamps=True,
                condition_on_previous_text=False,
            )[0]:
                H.append(q.text)
                for w in q.words:
                    D.append(w.start + a)
        print(
            f"{n} chunked max {maxlen} s: {len(cuts) - 1} chunks WER {100 * jiwer.wer(norm(J['text']), norm(' '.join(H)) or 'x'):.2f}% {time.time() - t:.1f}s"
        )
    for kw in (
        dict(initial_prompt="The talk is about a house."),
        dict(hotwords="river garden"),
        dict(without_timestamps=True),
        dict(max_initial_timestamp=30.0),
        dict(chunk_length=15),
        dict(language=None),
        dict(multilingual=False, temperature=0.0),
    ):
        t = time.time()
        try:
            s = list(m.transcribe(x, word_timestamps=True, **{**dict(language="en"), **kw})[0])
            print(
                f"{n} {kw}: WER {100 * jiwer.wer(norm(J['text']), norm(' '.join(q.text for q in s)) or 'x'):.2f}% {time.time() - t:.1f}s"
            )
        except Exception as e:
            print(n, kw, "ERROR", repr(e)[:200])
