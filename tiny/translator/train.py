"""Train the tiny translator (M2M100 architecture) on the tiny language, and convert it.

    python -m tiny.translator.train --steps 4000 --output models/translator

Needs torch, transformers, tokenizers and ctranslate2. Sentences of the demo and a held-out set are
kept out of the training; `tiny.translator.evaluate` measures on the latter.
"""

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import M2M100Config, M2M100ForConditionalGeneration, PreTrainedTokenizerFast

from tiny import ROOT, lexicon
from tiny.translator import CHINESE, END, ENGLISH, PAD, SPECIAL, held_out

BATCH = 48


def forbidden() -> set[str]:
    """The test set and what the demo's videos say, but for phrases of which there are few."""
    said = set(held_out())
    for truth in (ROOT / "demo").glob("*.json"):
        said |= {s["text"] for s in json.loads(truth.read_text(encoding="utf-8"))["sentences"]}
    return {text for text in said if len(text.split()) > 4}


def pairs(seed: int, without: set[str]) -> Iterator[tuple[str, str]]:
    """Endless sentences with their translations."""
    chance = random.Random(seed)
    while True:
        text = lexicon.sentence(chance)
        if text not in without:
            yield text, lexicon.translate(text)


def make_tokenizer(source: Iterator[tuple[str, str]]) -> Tokenizer:
    """Byte-pair encoding over both languages; punctuation keeps its form."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation("isolated")]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=list(SPECIAL), show_progress=False)
    tokenizer.train_from_iterator((next(source) for _ in range(6000)), trainer)
    return tokenizer


def make_model(vocabulary: int) -> M2M100ForConditionalGeneration:
    """Two layers on each side."""
    return M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=vocabulary,
            d_model=96,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=256,
            decoder_ffn_dim=256,
            max_position_embeddings=96,
            dropout=0.0,
            attention_dropout=0.0,
            activation_dropout=0.0,
            encoder_layerdrop=0,
            decoder_layerdrop=0,
            bos_token_id=0,
            pad_token_id=PAD,
            eos_token_id=END,
            decoder_start_token_id=END,
            tie_word_embeddings=True,
        )
    )


def padded(rows: list[list[int]], filler: int) -> torch.Tensor:
    """Rows of unequal length as one tensor."""
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def train(model: M2M100ForConditionalGeneration, tokenizer: Tokenizer, steps: int) -> None:
    """Teacher forcing with AdamW; the rate rises over 100 steps and falls linearly."""
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    source = pairs(1, forbidden())
    model.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * min(1, (step + 1) / 100) * max(0.02, 1 - step / steps)
        batch = [next(source) for _ in range(BATCH)]
        said = padded([[ENGLISH, *tokenizer.encode(a).ids, END] for a, _ in batch], PAD)
        meant = padded([[CHINESE, *tokenizer.encode(b).ids, END] for _, b in batch], -100)
        loss = model(input_ids=said, attention_mask=(said != PAD).long(), labels=meant).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 200 == 0:
            print(step, round(loss.item(), 4), flush=True)


def main() -> None:
    """Train, convert to CTranslate2 in 8 bits, and write model and tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--output", type=Path, default=ROOT / "models" / "translator")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = make_tokenizer(pairs(0, forbidden()))
    model = make_model(tokenizer.get_vocab_size())
    train(model, tokenizer, arguments.steps)
    with tempfile.TemporaryDirectory() as scratch:
        model.eval().save_pretrained(scratch)
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            bos_token="<s>",
            eos_token="</s>",
            pad_token="<pad>",
            unk_token="<unk>",
            additional_special_tokens=list(SPECIAL[4:]),
        ).save_pretrained(scratch)
        shutil.rmtree(arguments.output, ignore_errors=True)
        converter = TransformersConverter(scratch, copy_files=["tokenizer.json"])
        converter.convert(str(arguments.output), quantization="int8")


if __name__ == "__main__":
    main()
