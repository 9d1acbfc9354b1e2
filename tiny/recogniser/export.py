"""Convert a trained state to a folder that faster-whisper loads.

    python -m tiny.recogniser.export STATE.pt OUTPUT [int8_float16]

Needs transformers.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

import torch
from ctranslate2.converters import TransformersConverter
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from tiny import ROOT
from tiny.recogniser import network
from tiny.recogniser.tokens import Tokens

TOKENIZER: Final = ROOT / "models" / "asr" / "tokenizer.json"
ALIGNMENT_HEADS: Final = [[2, 0], [3, 0]]
"""Layer and head whose weights tell where a word is: two of those that were trained to."""
PREPROCESSOR: Final = {
    "feature_size": 80,
    "sampling_rate": 16000,
    "hop_length": 160,
    "chunk_length": 30,
    "n_fft": 400,
    "feature_extractor_type": "WhisperFeatureExtractor",
    "n_samples": 480000,
    "nb_max_frames": 3000,
    "padding_value": 0.0,
    "processor_class": "WhisperProcessor",
}


def config(tokens: Tokens) -> WhisperConfig:
    """The size of the network, as transformers wants to know it."""
    return WhisperConfig(
        vocab_size=tokens.size,
        num_mel_bins=network.MEL_BANDS,
        d_model=network.WIDTH,
        encoder_layers=network.ENCODER_LAYERS,
        decoder_layers=network.DECODER_LAYERS,
        encoder_attention_heads=network.HEADS,
        decoder_attention_heads=network.HEADS,
        encoder_ffn_dim=network.INNER_WIDTH,
        decoder_ffn_dim=network.INNER_WIDTH,
        max_source_positions=network.SOURCE_POSITIONS,
        max_target_positions=network.TARGET_POSITIONS,
        pad_token_id=tokens.end,
        bos_token_id=tokens.end,
        eos_token_id=tokens.end,
        decoder_start_token_id=tokens.start,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )


def generation(tokens: Tokens) -> GenerationConfig:
    """How text is generated."""
    (blank,) = tokens.tokenizer.encode(" ", add_special_tokens=False).ids
    return GenerationConfig(
        bos_token_id=tokens.end,
        eos_token_id=tokens.end,
        pad_token_id=tokens.end,
        decoder_start_token_id=tokens.start,
        max_length=network.TARGET_POSITIONS,
        suppress_tokens=[],
        begin_suppress_tokens=[blank, tokens.end],
        alignment_heads=ALIGNMENT_HEADS,
        no_timestamps_token_id=tokens.no_times,
        is_multilingual=False,
    )


def save_for_transformers(state: Path, folder: Path) -> None:
    """Write a state as transformers keeps it; what only training needs is left out."""
    tokens = Tokens(TOKENIZER)
    weights = {
        name: value for name, value in torch.load(state).items() if name.startswith("model.")
    }
    weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"]
    model = WhisperForConditionalGeneration(config(tokens))
    print(model.load_state_dict(weights, strict=False))
    model.tie_weights()
    model.generation_config = generation(tokens)
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_file=str(TOKENIZER),
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
    ).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR), encoding="utf-8")


def main() -> None:
    """Convert one state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("type", nargs="?", default="int8", help="of the weights")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        save_for_transformers(wanted.state, Path(scratch))
        converter = TransformersConverter(scratch, copy_files=["preprocessor_config.json"])
        kind = None if wanted.type == "float32" else wanted.type
        converter.convert(str(wanted.output), quantization=kind, force=True)
    shutil.copy(TOKENIZER, wanted.output)
    print({path.name: path.stat().st_size for path in sorted(wanted.output.iterdir())})


if __name__ == "__main__":
    main()
