"""espeak-ng through ctypes: audio + the true word times (from the engine's own events)."""

import ctypes as C, numpy as np, math
from scipy.signal import resample_poly


class EV(C.Structure):
    class U(C.Union):
        _fields_ = [("number", C.c_int), ("name", C.c_char_p), ("string", C.c_char * 8)]

    _fields_ = [
        ("type", C.c_int),
        ("uid", C.c_uint),
        ("text_position", C.c_int),
        ("length", C.c_int),
        ("audio_position", C.c_int),
        ("sample", C.c_int),
        ("user_data", C.c_void_p),
        ("id", U),
    ]


CB = C.CFUNCTYPE(C.c_int, C.POINTER(C.c_short), C.c_int, C.POINTER(EV))
_lib = None
_buf = []
_ev = []


def _cb(wav, n, ev):
    if wav and n > 0:
        _buf.append(np.ctypeslib.as_array(wav, (n,)).copy())
    i = 0
    while ev[i].type != 0:
        e = ev[i]
        _ev.append(
            (
                e.type,
                e.text_position,
                e.length,
                e.audio_position,
                e.id.string.decode("utf8", "replace") if e.type == 7 else "",
            )
        )
        i += 1
    return 0


_cbp = CB(_cb)


def init():
    global _lib, SR
    _lib = C.CDLL("libespeak-ng.so.1")
    SR = _lib.espeak_Initialize(2, 200, None, 1)
    _lib.espeak_SetSynthCallback(_cbp)


def say(txt, voice, rate=160, pitch=50, rng=50, gap=0):
    """-> float32 16 kHz audio, [(word, start_s, end_s)] ; None when espeak joined two words"""
    if _lib is None:
        init()
    _buf.clear()
    _ev.clear()
    if _lib.espeak_SetVoiceByName(voice.encode()):
        raise ValueError(voice)
    for k, v in ((1, rate), (2, 90), (3, pitch), (4, rng), (7, gap)):
        _lib.espeak_SetParameter(k, int(v), 0)
    b = txt.encode() + b"\0"
    _lib.espeak_Synth(b, len(b), 0, 1, 0, 1, None, None)
    _lib.espeak_Synchronize()
    x = np.concatenate(_buf).astype(np.float32) / 32768
    words = []
    ph = [(e[3] / 1000, e[4]) for e in _ev if e[0] == 7]
    wev = [(e[1] - 1, e[2], e[3] / 1000) for e in _ev if e[0] == 1 and e[2] > 0]
    toks = []
    p = 0
    for t in txt.split(" "):
        toks.append((p, t))
        p += len(t) + 1
    # espeak joins "in the", "on the"...: one WORD event; the missing "the" starts at its own phoneme D
    out = []
    k = 0
    for i, (p0, t) in enumerate(toks):
        if k < len(wev) and wev[k][0] == p0:
            out.append(wev[k])
            k += 1
            continue
        prev = out[-1] if out else None
        lim = wev[k][2] if k < len(wev) else 1e9
        d = [q[0] for q in ph if prev and prev[2] <= q[0] < lim and q[1] in ("D", "D@", "D@2")]
        if prev is None:
            return None, (wev, toks)
        if t.strip(".,?") != "the" or not d:
            d = [prev[2] + 0.6 * ((lim if lim < 1e9 else len(x) / SR) - prev[2])]
        out.append((p0, len(t), d[-1]))
    if k != len(wev):
        return None, (wev, toks)
    wev = out
    dur = len(x) / SR
    for i, (_, _, s) in enumerate(wev):
        nxt = wev[i + 1][2] if i + 1 < len(wev) else dur
        e = nxt
        inw = [q for q in ph if s - 1e-6 <= q[0] < nxt - 1e-6]
        for j, (pt, nm) in enumerate(inw):
            if nm.startswith("_") or nm.strip() == "":
                if j > 0 and all(n2.startswith("_") or n2.strip() == "" for _, n2 in inw[j:]):
                    e = pt
                    break
        words.append([toks[i][1], s, e])
    y = resample_poly(x, 320, 441).astype(np.float32) if SR == 22050 else x
    # word edges -> energy: pull the first start and the last end to where there is sound
    return y, words


if __name__ == "__main__":
    import soundfile as sf, time

    t = time.time()
    for v in ("en-us", "en+f3"):
        y, w = say("The seven red boxes are in the house, and a dog is on this table.", v, 160)
        print(len(y) / 16000, w)
        sf.write("./t.wav", y, 16000)
    print(time.time() - t)
    print(_ev[:40])
