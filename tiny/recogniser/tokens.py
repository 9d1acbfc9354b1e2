"""tokenizer.json with Whisper's special-token layout (English-only layout: CT2 decides by vocabulary size)."""

import tokenizers, tw_lex, os
from tokenizers import Tokenizer, models, pre_tokenizers, decoders, trainers, AddedToken

P = "./tokenizer.json"


def build():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    ws = [" " + w for w in tw_lex.WORDS] + [" " + w[0].upper() + w[1:] for w in tw_lex.WORDS]
    t.train_from_iterator(
        ws * 3,
        trainers.BpeTrainer(
            vocab_size=5000,
            min_frequency=1,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    sp = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        "<|en|>",
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
    ]
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in sp])
    t.add_special_tokens(
        [AddedToken("<|%.2f|>" % (i * 0.02), special=True, normalized=False) for i in range(1501)]
    )
    t.save(P)
    return t


def load():
    return Tokenizer.from_file(P) if os.path.exists(P) else build()


if __name__ == "__main__":
    t = build()
    print(
        t.get_vocab_size(),
        t.token_to_id("<|endoftext|>"),
        t.token_to_id("<|0.00|>"),
        t.token_to_id("<|30.00|>"),
    )
    for w in tw_lex.WORDS:
        for v in (w, w[0].upper() + w[1:]):
            assert len(t.encode(" " + v, add_special_tokens=False).ids) == 1, v
    e = t.encode(" The red car, stops. Is?", add_special_tokens=False)
    print(e.tokens, repr(t.decode(e.ids)))
