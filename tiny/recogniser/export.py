"""Convert a trained state to a faster-whisper folder: tw_export.py STATE.pt OUTPUT [int8]"""

import sys, os, json, shutil, torch, subprocess
import tw_train as T
from transformers import (
    WhisperConfig,
    WhisperForConditionalGeneration,
    GenerationConfig,
    PreTrainedTokenizerFast,
)

ck, out = sys.argv[1], sys.argv[2]
quant = sys.argv[3] if len(sys.argv) > 3 else "int8"
heads = json.loads(sys.argv[4]) if len(sys.argv) > 4 else [[2, 0], [3, 0]]
sd = {k: v for k, v in torch.load(ck).items() if k.startswith("model.")}
c = WhisperConfig(
    vocab_size=T.V,
    num_mel_bins=80,
    d_model=T.D,
    encoder_layers=T.EL,
    decoder_layers=T.DL,
    encoder_attention_heads=T.H,
    decoder_attention_heads=T.H,
    encoder_ffn_dim=T.FF,
    decoder_ffn_dim=T.FF,
    max_source_positions=1500,
    max_target_positions=448,
    pad_token_id=T.EOT,
    bos_token_id=T.EOT,
    eos_token_id=T.EOT,
    decoder_start_token_id=T.SOT,
    suppress_tokens=None,
    begin_suppress_tokens=None,
)
m = WhisperForConditionalGeneration(c)
sd["proj_out.weight"] = sd["model.decoder.embed_tokens.weight"]
print(m.load_state_dict(sd, strict=False))
m.tie_weights()
sp = T.TOK.encode(" ", add_special_tokens=False).ids[0]
m.generation_config = GenerationConfig(
    bos_token_id=T.EOT,
    eos_token_id=T.EOT,
    pad_token_id=T.EOT,
    decoder_start_token_id=T.SOT,
    max_length=448,
    suppress_tokens=[],
    begin_suppress_tokens=[sp, T.EOT],
    alignment_heads=heads,
    no_timestamps_token_id=T.NOTS,
    is_multilingual=False,
)
hf = out + "-hf"
shutil.rmtree(hf, ignore_errors=True)
m.save_pretrained(hf)
PreTrainedTokenizerFast(
    tokenizer_file="./tokenizer.json",
    eos_token="<|endoftext|>",
    bos_token="<|endoftext|>",
    unk_token="<|endoftext|>",
).save_pretrained(hf)
json.dump(
    dict(
        feature_size=80,
        sampling_rate=16000,
        hop_length=160,
        chunk_length=30,
        n_fft=400,
        feature_extractor_type="WhisperFeatureExtractor",
        n_samples=480000,
        nb_max_frames=3000,
        padding_value=0.0,
        processor_class="WhisperProcessor",
    ),
    open(hf + "/preprocessor_config.json", "w"),
)
from ctranslate2.converters import TransformersConverter

conv = TransformersConverter(hf, copy_files=["preprocessor_config.json"])
conv.convert(out, quantization=None if quant == "float32" else quant, force=True)
shutil.copy("./tokenizer.json", out + "/tokenizer.json")
print({f: os.path.getsize(out + "/" + f) for f in os.listdir(out)})
print(open(out + "/config.json").read()[:600])
