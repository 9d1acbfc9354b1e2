"""Vocabulary and grammar of the tiny synthetic language (a small subset of English)."""

import random

NUM = "zero one two three four five six seven eight nine ten eleven twelve".split()
COL = "red green blue yellow black white brown orange".split()
DAY = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NOUN = (
    "car house dog cat bird tree book table door window river train ship garden city school "
    "teacher doctor student picture question answer slide talk"
).split()
PLUR = "apples boxes flowers horses letters stones people children".split()
VI = "stops opens moves waits runs sleeps turns leaves".split()
VT = "finds follows likes carries shows sees".split()
PREP = "in near under behind with".split()
ADJ = "big small old new fast quiet".split()
MISC = "the a this every is are has and but very at on before after hello welcome thank you today tomorrow now then we where when who does about there not".split()
WORDS = sorted(set(NUM + COL + DAY + NOUN + PLUR + VI + VT + PREP + ADJ + MISC), key=str.lower)


def np_(r):
    d = r.random()
    if d < 0.28:
        w = [r.choice(NUM[2:])]
        if r.random() < 0.5:
            w.append(r.choice(COL + ADJ))
        return w + [r.choice(PLUR)]
    w = [r.choice(["the", "the", "a", "this", "every"])]
    x = r.random()
    if x < 0.3:
        w.append(r.choice(COL))
    elif x < 0.55:
        w.append(r.choice(ADJ))
    elif x < 0.65:
        w += ["very", r.choice(ADJ)]
    return w + [r.choice(NOUN)]


def when(r):
    x = r.random()
    if x < 0.35:
        return ["on", r.choice(DAY)]
    if x < 0.7:
        return [r.choice(["at", "before", "after"]), r.choice(NUM)]
    return [r.choice(["today", "tomorrow", "now"])]


def clause(r):
    x = r.random()
    if x < 0.35:
        w = np_(r) + [r.choice(VI)]
    elif x < 0.7:
        w = np_(r) + [r.choice(VT)] + np_(r)
    elif x < 0.85:
        s = np_(r)
        w = (
            s
            + (["are"] if s[-1] in PLUR else ["is"])
            + (["not"] if r.random() < 0.25 else [])
            + ([r.choice(COL + ADJ)] if r.random() < 0.5 else [r.choice(PREP)] + np_(r))
        )
    else:
        w = ["there"] + (lambda s: (["are"] if s[-1] in PLUR else ["is"]) + s)(np_(r))
    if r.random() < 0.35 and w[0] != "there":
        w += [r.choice(PREP)] + np_(r)
    return w


def sentence(r):
    """-> list of (word, trailing punctuation)"""
    x = r.random()
    end = "."
    commas = set()
    if x < 0.55:
        w = clause(r)
        if r.random() < 0.45:
            w += when(r)
    elif x < 0.65:
        t = when(r)
        w = t + clause(r)
        commas.add(len(t) - 1)
    elif x < 0.73:
        a = clause(r)[:7]
        w = a + [r.choice(["and", "but", "then"])] + clause(r)[:7]
        commas.add(len(a) - 1)
    elif x < 0.80:
        w = (
            [r.choice(["where", "when"]), "does"]
            + np_(r)
            + [r.choice(["talk", "slide", "book", "question", "answer"])][:0]
            + ["leaves"][:0]
            + [r.choice(PREP)]
            + np_(r)
        )
        end = "?"
    elif x < 0.85:
        w = ["who", r.choice(VT)] + np_(r)
        end = "?"
    elif x < 0.90:
        w = r.choice(
            [
                ["hello", "and", "welcome"],
                ["thank", "you"],
                ["welcome", "children"],
                ["now", "the", "next"][:2] + [r.choice(NOUN)],
                ["this", "talk", "is", "about"] + np_(r),
                ["the", "answer", "is", r.choice(NUM)],
                ["question", r.choice(NUM)],
            ]
        )[:]
    else:  # random words: acoustics, not grammar
        w = [r.choice(WORDS) for _ in range(r.randint(1, 8))]
    if len(w) > 15:
        w = w[:15]
    out = [(t, "," if i in commas and i < len(w) - 1 else "") for i, t in enumerate(w)]
    out[0] = (out[0][0][0].upper() + out[0][0][1:], out[0][1])
    out[-1] = (out[-1][0], end)
    return out


def text(s):
    return " ".join(a + b for a, b in s)


if __name__ == "__main__":
    r = random.Random(1)
    print(len(WORDS))
    for _ in range(15):
        print(text(sentence(r)))
