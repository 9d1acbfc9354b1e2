"""Word error rate and word times on the talks: tw_eval.py MODEL [talk1,talk2] [plain,vad,batched]"""

import sys, json, time, difflib, re, resource, numpy as np, os

t0 = time.time()
import faster_whisper, jiwer, soundfile as sf

t1 = time.time()
path = sys.argv[1]
talks = sys.argv[2].split(",") if len(sys.argv) > 2 else ["talk%d" % i for i in range(1, 6)]
mode = (sys.argv[3] if len(sys.argv) > 3 else "plain,vad,batched").split(",")
ct = sys.argv[4] if len(sys.argv) > 4 else "int8"
r0 = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
m = faster_whisper.WhisperModel(path, device="cpu", compute_type=ct, cpu_threads=1)
t2 = time.time()
print(
    "import %.2fs load %.3fs rss %d -> %d MB, size %.2f MB"
    % (
        t1 - t0,
        t2 - t1,
        r0 // 1024,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        sum(os.path.getsize(path + "/" + f) for f in os.listdir(path)) / 1e6,
    )
)
norm = lambda s: re.sub(r"[^a-z ]", "", s.lower()).split()
for name in talks:
    J = json.load(open(f"./talks/{name}.json"))
    x, _ = sf.read(f"./talks/{name}.wav", dtype="float32")
    R = [(norm(w["word"])[0], w["start"], w["end"]) for s in J["segments"] for w in s["words"]]
    for md in mode:
        t = time.time()
        if md.startswith("batched"):
            B = faster_whisper.BatchedInferencePipeline(m)
            seg, info = B.transcribe(
                x,
                language="en",
                word_timestamps=True,
                batch_size=4,
                without_timestamps="ts" not in md,
            )
        else:
            kw = dict(
                vad_filter="vad" in md,
                condition_on_previous_text="nocond" not in md,
                word_timestamps="now" not in md,
            )
            if "greedy" in md:
                kw["beam_size"] = 1
            seg, info = m.transcribe(x, language="en", **kw)
        seg = list(seg)
        dt = time.time() - t
        if "now" in md:
            Hh = [(q, s.start, s.end) for s in seg for q in norm(s.text)]
        else:
            Hh = [
                (norm(w.word)[0], w.start, w.end)
                for s in seg
                for w in (s.words or [])
                if norm(w.word)
            ]
        txt = " ".join(s.text.strip() for s in seg)
        wer = jiwer.wer(" ".join(r[0] for r in R), " ".join(norm(txt)) or "x")
        cer_exact = jiwer.wer(J["text"], txt or "x")
        ds, de = [], []
        for a, b, n in difflib.SequenceMatcher(
            None, [q[0] for q in R], [q[0] for q in Hh], autojunk=False
        ).get_matching_blocks():
            for k in range(n):
                ds.append(abs(R[a + k][1] - Hh[b + k][1]))
                de.append(abs(R[a + k][2] - Hh[b + k][2]))
        ss = (
            [
                abs(min((s.start for s in seg), key=lambda q: abs(q - g["start"])) - g["start"])
                for g in J["segments"]
            ]
            if seg
            else [9]
        )
        inm = [q for q in Hh if any(a + 0.3 < q[1] < b - 0.3 for a, b in J["music_only"])]
        print(
            f"{name} {md:14s} WER {100 * wer:6.2f}% exact {100 * cer_exact:6.2f}% | ref {len(R)} hyp {len(Hh)} | start med {np.median(ds or [9]) * 1000:.0f} p95 {np.percentile(ds or [9], 95) * 1000:.0f} ms, end med {np.median(de or [9]) * 1000:.0f} p95 {np.percentile(de or [9], 95) * 1000:.0f} ms | seg {len(seg)}/{len(J['segments'])} startp95 {np.percentile(ss, 95) * 1000:.0f} | inmusic {len(inm)} | {dt:.2f}s RTF {dt / J['duration']:.4f} | T {sorted(set(round(s.temperature, 1) for s in seg))} cr {max([s.compression_ratio for s in seg] or [0]):.2f}",
            flush=True,
        )
        if "-v" in sys.argv:
            for s in seg[:40]:
                print("   %.2f-%.2f %s (%.2f)" % (s.start, s.end, s.text, s.avg_logprob))
print("peak rss %d MB" % (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))
