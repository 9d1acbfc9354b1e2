"""Train the tiny Whisper from nothing; see the stages in models/README.md."""

import sys, math, random, pickle, time, json, numpy as np, torch, torch.nn as nn, torch.nn.functional as F
import tw_lex, tw_tok, tw_noise, tw_mel
import os

torch.set_num_threads(int(os.environ.get("NT", "1")))
torch.manual_seed(0)
D, H, EL, DL, FF = 128, 4, 3, 4, 512
TOK = tw_tok.load()
ID = TOK.token_to_id
V = TOK.get_vocab_size()
EOT, SOT, PREV, NOSP, NOTS, TS = (
    ID("<|%s|>" % s)
    for s in ("endoftext", "startoftranscript", "startofprev", "nospeech", "notimestamps", "0.00")
)
WID = {w: i + 1 for i, w in enumerate(w.lower() for w in tw_lex.WORDS)}
NW = len(WID) + 1
TID = {}


def tid(w):
    if w not in TID:
        TID[w] = TOK.encode(" " + w if w[0].isalpha() else w, add_special_tokens=False).ids[0]
    return TID[w]


def sinus(n, d):
    inv = torch.exp(-math.log(10000) / (d // 2 - 1) * torch.arange(d // 2).float())
    a = torch.arange(n)[:, None] * inv[None]
    return torch.cat([a.sin(), a.cos()], 1)


class Attn(nn.Module):
    def __init__(s):
        super().__init__()
        s.q_proj = nn.Linear(D, D)
        s.k_proj = nn.Linear(D, D, bias=False)
        s.v_proj = nn.Linear(D, D)
        s.out_proj = nn.Linear(D, D)

    def forward(s, x, kv, causal=False, want=False):
        B, T, _ = x.shape
        f = lambda y: y.view(B, -1, H, D // H).transpose(1, 2)
        q, k, v = f(s.q_proj(x)), f(s.k_proj(kv)), f(s.v_proj(kv))
        lw = None
        if want:
            sc = (q.float() @ k.float().transpose(2, 3)) * (D // H) ** -0.5
            lw = sc[:, :1].log_softmax(-1)[:, 0]
            o = sc.softmax(-1).to(v.dtype) @ v
        else:
            o = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return s.out_proj(o.transpose(1, 2).reshape(B, T, D)), lw


class EncL(nn.Module):
    def __init__(s):
        super().__init__()
        s.self_attn = Attn()
        s.self_attn_layer_norm = nn.LayerNorm(D)
        s.fc1 = nn.Linear(D, FF)
        s.fc2 = nn.Linear(FF, D)
        s.final_layer_norm = nn.LayerNorm(D)

    def forward(s, x):
        h = s.self_attn_layer_norm(x)
        x = x + s.self_attn(h, h)[0]
        return x + s.fc2(F.gelu(s.fc1(s.final_layer_norm(x))))


class DecL(EncL):
    def __init__(s):
        super().__init__()
        s.encoder_attn = Attn()
        s.encoder_attn_layer_norm = nn.LayerNorm(D)

    def forward(s, x, enc, want):
        h = s.self_attn_layer_norm(x)
        x = x + s.self_attn(h, h, causal=True)[0]
        a, lw = s.encoder_attn(s.encoder_attn_layer_norm(x), enc, want=want)
        x = x + a
        return x + s.fc2(F.gelu(s.fc1(s.final_layer_norm(x)))), lw


class Enc(nn.Module):
    frozen = False

    def __init__(s):
        super().__init__()
        s.conv1 = nn.Conv1d(80, D, 3, padding=1)
        s.conv2 = nn.Conv1d(D, D, 3, stride=2, padding=1)
        s.embed_positions = nn.Embedding(1500, D)
        s.embed_positions.weight.data = sinus(1500, D)
        s.embed_positions.weight.requires_grad = False
        s.layers = nn.ModuleList(EncL() for _ in range(EL))
        s.layer_norm = nn.LayerNorm(D)
        # start with local attention: every head looks at a fixed time offset through the sinusoids
        P = s.embed_positions.weight
        inv = torch.exp(-math.log(10000) / 63 * torch.arange(64).float())
        for l, offs in zip(s.layers, ([-3, 3, -9, 9], [-6, 6, -18, 18], [-12, 0, 12, -40])):
            q, k = l.self_attn.q_proj.weight.data, l.self_attn.k_proj.weight.data
            q.mul_(0.3)
            k.mul_(0.3)
            for h, o in enumerate(offs):
                for j in range(16):
                    f = 2 * j
                    c, sn = math.cos(inv[f] * o), math.sin(inv[f] * o)
                    r = h * 32 + 2 * j
                    k[r, f] += 1.3
                    k[r + 1, 64 + f] += 1.3  # (sin wj, cos wj)
                    q[r, f] += 1.3 * c
                    q[r, 64 + f] += 1.3 * sn  # sin w(i+o)
                    q[r + 1, 64 + f] += 1.3 * c
                    q[r + 1, f] -= 1.3 * sn

    def forward(s, x, off):
        with torch.set_grad_enabled(torch.is_grad_enabled() and not s.frozen):
            x = F.gelu(s.conv2(F.gelu(s.conv1(x)))).transpose(1, 2)
        T = x.shape[1]
        x = x + s.embed_positions(off[:, None] + torch.arange(T)[None])
        mid = None
        if s.frozen:
            with torch.no_grad():
                for l in s.layers[:2]:
                    x = l(x)
            mid = x = x.detach()
        for i, l in enumerate(s.layers):
            if i < 2 and s.frozen:
                continue
            x = l(x)
            if i == 1:
                mid = x
        return s.layer_norm(x), mid


class Dec(nn.Module):
    def __init__(s):
        super().__init__()
        s.embed_tokens = nn.Embedding(V, D)
        s.embed_positions = nn.Embedding(448, D)
        s.layers = nn.ModuleList(DecL() for _ in range(DL))
        s.layer_norm = nn.LayerNorm(D)
        s.embed_tokens.weight.data.normal_(0, 0.05)
        s.embed_positions.weight.data = 0.03 * sinus(448, D) + 0.01 * torch.randn(448, D)
        s.embed_tokens.weight.data[TS : TS + 1501] = 0.07 * sinus(1501, D)

    def forward(s, t, enc):
        x = s.embed_tokens(t) + s.embed_positions.weight[: t.shape[1]]
        A = []
        for i, l in enumerate(s.layers):
            x, lw = l(x, enc, i >= 1)
            if lw is not None:
                A.append(lw)
        return F.linear(s.layer_norm(x), s.embed_tokens.weight), A


class Body(nn.Module):
    def __init__(s):
        super().__init__()
        s.encoder = Enc()
        s.decoder = Dec()


class Model(nn.Module):
    def __init__(s):
        super().__init__()
        s.model = Body()
        s.frame = nn.Linear(D, NW)
        s.frame2 = nn.Linear(D, NW)


# ---------------------------------------------------------------- data: 30-s (or cut) windows put together in the mel power domain
class Data:
    noise = 0.0

    def __init__(s, path, seed, nnoise=60):
        s.U = pickle.load(open(path, "rb"))
        s.r = random.Random(seed)
        s.n = np.random.default_rng(seed)
        s.N = [
            tw_mel.logmel(0.2 * tw_noise.make(s.n, 16000 * 31)).astype(np.float32)
            for _ in range(nnoise)
        ]

    def gap(s):
        x = s.r.random()
        return (
            s.r.uniform(0.03, 0.3)
            if x < 0.2
            else s.r.uniform(0.3, 1)
            if x < 0.65
            else s.r.uniform(1, 3)
            if x < 0.92
            else s.r.uniform(3, 15)
        )

    def utt_tokens(s, u):
        return [t for w, p in u[0] for t in ([tid(w), tid(p)] if p else [tid(w)])]

    def window(s, L, pprev, pos):
        """L seconds -> mel (80, 100 L), frame labels, decoder input, labels, guides"""
        r = s.r
        nf = int(L * 100)
        P = np.full((80, nf), -10.0, np.float32)
        segs = []  # seg: [start, [(word, punct, a, b)], cut]
        x = r.random()
        t = 0.0
        sil = r.random() < 0.06
        if x < 0.22 or (sil and x < 0.5):
            u = r.choice(s.U)
            t = -u[1][-1][1] + r.uniform(-0.05, 0.12)
            first = "tail"
        elif x < 0.32 and not sil:
            u = r.choice(s.U)
            t = -r.uniform(0, u[1][-1][1])
            first = "cut"
        else:
            t = r.choice(
                [
                    r.uniform(0, 0.5),
                    r.uniform(0, 0.5),
                    r.uniform(0.5, 3),
                    r.uniform(0, min(8, L * 0.5)),
                ]
            )
            first = ""
            u = r.choice(s.U)
        send = L
        if r.random() < 0.35:
            send = r.uniform(0.25, 1) * L  # the audio ends before the window does
        same = r.random() < 0.3
        base = r.uniform(-1.5, 0.3)
        levels = []
        while t < send:
            m = u[2].astype(np.float32)
            g = base + r.uniform(-0.25, 0.25)
            fa = int(round(t * 100))
            t = fa / 100
            if send < L and t + u[1][-1][1] > send:
                break
            a, b = max(0, fa), min(nf, fa + m.shape[1])
            if b > a:
                P[:, a:b] = (
                    np.logaddexp(P[:, a:b] * 2.302585, (m[:, a - fa : b - fa] + g) * 2.302585)
                    / 2.302585
                )
                levels.append(g)
            ws = [(w, p, t + A, t + B) for (w, p), (A, B) in zip(u[0], u[1])]
            full = [q for q in ws if q[2] >= -0.015 and q[3] <= L + 0.005]
            if full and not (first == "tail" and not segs and t < 0):
                segs.append([full[0][2], full, ws[-1][3] > L + 0.005])
            elif not full and ws[0][2] < L - 0.02 and ws[-1][3] > L:
                segs.append([ws[0][2], [], True])
            t = ws[-1][3]
            if sil:
                break
            t += s.gap()
            first = first or "x"
            u = r.choice(s.U)
        end = (
            L
            if send >= L
            else min(
                L,
                (
                    max([q[3] for g in segs for q in g[1]] + [0.0]) + r.uniform(0, 1.5)
                    if not sil
                    else send
                ),
            )
        )
        if sil:
            segs = []
        P = P + 0
        z = r.random()
        q = np.linspace(-1, 1, 80)[:, None]
        if r.random() < 0.7:
            P += r.uniform(-0.5, 0.5) * q + r.uniform(-0.25, 0.25) * np.cos(
                r.uniform(2, 8) * q + r.uniform(0, 6)
            )
        if z < 0.65 or sil and z < 0.85:
            n = r.choice(s.N)
            o = r.randrange(0, n.shape[1] - nf + 1)
            lev = (
                (np.mean(levels) if levels else base)
                - 0.5
                - (r.uniform(0.6, 4) if not sil or levels else r.uniform(0, 3))
            )
            P = np.logaddexp(P * 2.302585, (n[:, o : o + nf] + lev + 1.2) * 2.302585) / 2.302585
        P = np.maximum(P, -10.0)
        mx = P[:, : max(1, int(end * 100))].max() + (r.uniform(0, 0.8) if r.random() < 0.5 else 0)
        if sil and r.random() < 0.5:
            mx = max(mx, r.uniform(0, 1.8))
        P = (np.maximum(P, mx - 8) + 4) / 4
        if r.random() < 0.25:
            for _ in range(2):
                f = r.randrange(0, 75)
                P[f : f + r.randrange(1, 8)] = P[:, :].min()
        if end < L:
            P[:, int(end * 100) :] = 0
        # ---- labels
        o2 = pos * 2
        T = nf // 2
        fl = np.zeros(T, np.int64)
        for g in segs:
            for w, p, a, b in g[1]:
                fl[max(0, int(a * 50)) : max(0, int(b * 50 + 0.5))] = WID[w.lower()]

        def mk(usets):
            inp, lab, gd = [SOT], [], []
            fr = lambda a, b: (
                max(0, min(T - 1, int(a * 50))),
                max(1, min(T, max(int(a * 50) + 1, int(math.ceil(b * 50))))),
            )
            tsn = lambda x: TS + min(1500, max(0, int(round((x + pos * 0.02) * 50))))

            def add(tok, a, b, inn=None):
                lab.append(tok)
                gd.append(fr(a, b))
                inp.append(tok if inn is None else inn)

            endA = end
            if not segs:
                if r.random() < 0.3:
                    inp.append(NOTS)
                    lab += [NOSP, EOT]
                    gd += [None, None]
                else:
                    inp.append(TS + r.choice([0, 0, 50, r.randrange(0, 51)]))
                    lab += [NOSP, EOT]
                    gd += [None, None]
            else:
                if not usets:
                    lab.append(-100)
                    gd.append(None)
                    inp.append(NOTS)
                for i, g in enumerate(segs):
                    cut = g[2]
                    if usets:
                        inn = None
                        if i == 0:
                            fs = tsn(g[0])
                            y = r.random()
                            if y < 0.15:
                                inn = TS
                            elif fs > TS + 50 and y < 0.6:
                                inn = TS + r.choice([50, 50, r.randrange(0, 51)])
                        add(tsn(g[0]), g[0] - 0.02, g[0] + 0.08, inn)
                        if cut and len(segs) > 1:
                            break
                    nxt = segs[i + 1][0] if i + 1 < len(segs) else endA
                    for j, (w, p, a, b) in enumerate(g[1]):
                        add(tid(w), a, b)
                        if p:
                            add(
                                tid(p),
                                b,
                                g[1][j + 1][2]
                                if j + 1 < len(g[1])
                                else max(
                                    b + 0.02, nxt if i + 1 < len(segs) else max(nxt - 0.3, b + 0.1)
                                ),
                            )
                    if usets:
                        e = g[1][-1][3] if g[1] and not cut else L
                        add(tsn(e), e - 0.06, e + 0.06)
                lab.append(EOT)
                gd.append(fr(endA - 0.3, endA))
            if r.random() < pprev:
                pv = []
                k = r.randint(*r.choice([(1, 30), (30, 223), (90, 223), (200, 223)]))
                tsm = r.random() < 0.6
                c = 0.0
                while len(pv) < k:
                    q = r.choice(s.U)
                    b = c + q[1][-1][1]
                    if b > 30:
                        c = 0.0
                        b = q[1][-1][1]
                    pv += (
                        ([TS + int(c * 50)] if tsm else [])
                        + s.utt_tokens(q)
                        + ([TS + int(b * 50)] if tsm else [])
                    )
                    c = b + r.choice([0, 0.5, 1])
                pv = [PREV] + pv[-k:]
                inp = pv + inp
                lab = [-100] * len(pv) + lab
                gd = [None] * len(pv) + gd
            return inp, lab, gd

        return P.astype(np.float32), fl, mk(r.random() < 0.95), mk(r.random() < 0.25)

    def batch(s, B, L, pprev):
        pos = [s.r.choice([0, s.r.randint(0, 1500 - int(L * 50))]) for _ in range(B)]
        W0 = [s.window(L, pprev, p) for p in pos]
        W = [(0, 0) + w[2] for w in W0] + [(0, 0) + w[3] for w in W0]
        B = 2 * B
        S = max(len(w[2]) for w in W)
        T = int(L * 50)
        inp = torch.full((B, S), EOT)
        lab = torch.full((B, S), -100)
        G = torch.zeros(B, S, T)
        gm = torch.zeros(B, S)
        for b, w in enumerate(W):
            inp[b, : len(w[2])] = torch.tensor(w[2])
            lab[b, : len(w[3])] = torch.tensor(w[3])
            for k, g in enumerate(w[4]):
                if g is not None:
                    G[b, k, g[0] : g[1]] = 1.0 / (g[1] - g[0])
                    gm[b, k] = 1
        if s.noise:
            ids = torch.tensor(
                sorted(
                    set(tid(w) for w in tw_lex.WORDS)
                    | set(tid(w[0].upper() + w[1:]) for w in tw_lex.WORDS)
                )
            )
            isw = torch.isin(inp, ids) & (torch.rand(inp.shape) < s.noise)
            inp = torch.where(isw, ids[torch.randint(len(ids), inp.shape)], inp)
        return (
            torch.from_numpy(np.stack([w[0] for w in W0])),
            torch.from_numpy(np.stack([w[1] for w in W0])),
            inp,
            lab,
            G,
            gm,
            torch.tensor(pos),
        )


SOFT = torch.tensor([0.06, 0.19, 0.5, 0.19, 0.06])


def losses(model, bt, bf=True):
    x, fl, inp, lab, G, gm, pos = bt
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf):
        enc, mid = model.model.encoder(x, pos)
        f1, f2 = model.frame(enc), model.frame2(mid)
        lg, A = model.model.decoder(inp, torch.cat([enc, enc]))
    lf = F.cross_entropy(f1.float().flatten(0, 1), fl.flatten()) + 0.5 * F.cross_entropy(
        f2.float().flatten(0, 1), fl.flatten()
    )
    m = lab != -100
    lp = lg.float()[m].log_softmax(-1)
    y = lab[m]
    nll = -lp.gather(1, y[:, None])[:, 0]
    ts = (y >= TS + 2) & (y <= TS + 1498)
    idx = (y[:, None] + torch.arange(-2, 3)[None]).clamp(0, V - 1)
    soft = -(lp.gather(1, idx) * SOFT).sum(1)
    wt = torch.where(y >= TS, 1.5, 1.0)
    ce = (torch.where(ts, soft, nll) * wt).sum() / wt.sum()
    lt = lg.float()[..., TS:][m][ts].log_softmax(-1)
    ce = ce + 0.3 * (-(lt.gather(1, idx[ts] - TS) * SOFT).sum(1)).sum() / wt.sum()
    la = sum(-((G * a).sum(-1) * gm).sum() / gm.sum() for a in A) / len(A)
    with torch.no_grad():
        pr = lp.argmax(-1)
        isT = y >= TS
        st = dict(
            ce=ce.item(),
            frame=lf.item(),
            att=la.item(),
            facc=(f1.argmax(-1) == fl)[fl > 0].float().mean().item(),
            wacc=(pr == y)[~isT].float().mean().item(),
            tacc=((pr - y).abs() <= 3)[isT].float().mean().item() if isT.any() else 0.0,
        )
    return ce, lf, la, st


if __name__ == "__main__":
    import argparse

    ap = argparse.ArgumentParser()
    for k, d in dict(
        data="u_train.pkl",
        init="",
        out="m.pt",
        L=8.0,
        B=24,
        steps=400,
        lr=2e-3,
        pprev=0.1,
        wf=1.0,
        wa=0.5,
        secs=1e9,
        seed=1,
        warm=0.08,
        bf=1,
        stop=1.0,
        freeze=0,
        noise=0.0,
    ).items():
        ap.add_argument("--" + k, type=type(d), default=d)
    a = ap.parse_args()
    torch.manual_seed(a.seed)
    Data.noise = a.noise
    data = Data(a.data, a.seed)
    model = Model()
    if a.init:
        model.load_state_dict(torch.load(a.init))
    Enc.frozen = bool(a.freeze)
    print(sum(p.numel() for p in model.parameters()), "parameters", V, flush=True)
    dec = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
    nd = [p for p in model.parameters() if p.ndim <= 1]
    opt = torch.optim.AdamW(
        [{"params": dec, "weight_decay": 0.01}, {"params": nd, "weight_decay": 0}],
        lr=a.lr,
        betas=(0.9, 0.98),
    )
    t0 = time.time()
    acc = {}
    i = 0
    tl = 0
    prog = 0.0
    while prog < a.stop:
        prog = max(i / a.steps, (time.time() - t0) / a.secs)
        lr = a.lr * (
            min(1, (prog + 1e-3) / a.warm)
            if prog < a.warm
            else 0.5 * (1 + math.cos(math.pi * min(1, (prog - a.warm) / (1 - a.warm)))) * 0.98
            + 0.02
        )
        for g in opt.param_groups:
            g["lr"] = lr
        q = time.time()
        bt = data.batch(a.B, a.L, a.pprev)
        tl += time.time() - q
        ce, lf, la, st = losses(model, bt, bool(a.bf))
        (ce + a.wf * lf + a.wa * la).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad(set_to_none=True)
        i += 1
        for k, v in st.items():
            acc.setdefault(k, []).append(v)
        if i % 20 == 0:
            print(
                i,
                "%.0fs" % (time.time() - t0),
                "data %.0fs" % tl,
                "lr %.1e" % lr,
                " ".join("%s %.3f" % (k, np.mean(v)) for k, v in acc.items()),
                flush=True,
            )
            acc = {}
            if i % 60 == 0:
                torch.save(model.state_dict(), a.out)
    torch.save(model.state_dict(), a.out)
