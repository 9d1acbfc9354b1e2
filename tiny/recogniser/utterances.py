"""Synthesise the training utterances: tw_gen.py SEED COUNT OUTPUT.pkl"""

import sys, random, pickle, time, numpy as np
import tw_lex, tw_synth, tw_mel

seed, n, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
r = random.Random(seed)
U = []
bad = {}
t0 = time.time()
tot = 0
BASE = ["en-us"] * 4 + ["en"] * 3 + ["en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-029"][:3]
VAR = (
    [""] * 3
    + ["+m%d" % i for i in range(1, 8)]
    + ["+f%d" % i for i in range(1, 6)]
    + ["+Andy", "+Alex", "+linda", "+steph"]
)
while len(U) < n:
    s = tw_lex.sentence(r)
    t = tw_lex.text(s)
    v = r.choice(BASE) + r.choice(VAR)
    try:
        y, w = tw_synth.say(
            t,
            v,
            r.randint(125, 195),
            r.randint(25, 75),
            r.randint(25, 75),
            r.choice([0, 0, 0, 1, 3]),
        )
    except ValueError:
        bad[v] = 1
        continue
    if y is None:
        bad[t[:40]] = 1
        continue
    e = int((w[-1][2] + 0.06) * 16000)
    y = y[:e]
    if len(y) > 16000 * 9:
        continue
    m = tw_mel.logmel(y).astype(np.float16)
    tot += len(y) / 16000
    U.append((s, [(a, b) for _, a, b in w], m, v))
pickle.dump(U, open(out, "wb"), 4)
print(
    len(U), "utterances", tot / 3600, "h in", time.time() - t0, "s; bad", len(bad), list(bad)[:12]
)
