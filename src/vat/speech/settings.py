"""Speech separated, cut, transcribed: sections `separate`, `split`, `asr`, `speakers`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from vat.settings import DEVICES, Auto, Rule, Text, means, setting

Temperature = Annotated[float, Rule("minimum", 0), Rule("maximum", 1)]


@dataclass(frozen=True, slots=True)
class SeparateSettings:
    """The keys of the configuration's `separate` section."""

    enabled: bool | str = setting(
        "auto",
        "Whether speech is separated: true, false, or auto to decide it per video by a trial on"
        " some excerpts, with split.language_model. A video sheet may say otherwise for single"
        " videos.",
        enum=(True, False, "auto"),
    )
    model: Text = setting(
        "kim",
        "A known Mel-Band-Roformer (kim), or a folder with one .yaml and one .ckpt file.",
    )
    device: str = means(
        "auto",
        "Where the model runs; auto takes a GPU where there is one.",
        enum=DEVICES,
    )
    gpu_mem_mb: int = means(
        4000, "GPU memory that one job asks for, in MB.", minimum=0, maximum=10_000_000
    )


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """The keys of the configuration's `split` section; lengths are in seconds."""

    chunk_seconds: float = setting(
        600,
        "Nominal length of a chunk in seconds; a video of d seconds has ceil(d / chunk_seconds)"
        " chunks.",
        minimum=5,
        maximum=86_400,
    )
    window_seconds: float = setting(
        30,
        "Width in seconds of the window around a nominal border in which the quietest moment"
        " without speech is sought. A place where windows of the recogniser end anyway may be twice"
        " as far away, if there are enough of them.",
        minimum=0.1,
        maximum=3600,
    )
    pad_seconds: float = setting(
        2,
        "Seconds of context that a chunk hears beyond those of its borders at which no window of"
        " the recogniser ends.",
        minimum=0,
        maximum=60,
    )
    language_model: Text = setting(
        "small",
        "The Whisper model that detects the language where languages.source is auto, multi or a"
        " list: a known name or a folder.",
    )
    language_windows: int = setting(
        5,
        "How many windows of 30 s, spread over the speech, the language is detected from.",
        minimum=1,
        maximum=1000,
    )


@dataclass(frozen=True, slots=True)
class AsrSettings:
    """How words are decoded: the keys of the configuration's `asr` section."""

    model: Text = setting(
        "auto",
        "A known Whisper model (tiny ... large-v3, large-v3-turbo), or a folder with one converted"
        " for CTranslate2, or auto: the best of large-v3, large-v3-turbo and small that the largest"
        " GPU of this host holds; without a GPU, large-v3-turbo from 8 CPUs on, else small; where"
        " jobs go to a cluster, large-v3.",
    )
    device: str = means(
        "auto",
        "Where the model runs; auto takes a GPU where there is one.",
        enum=DEVICES,
    )
    gpu_mem_mb: int | None = means(
        None,
        "GPU memory that one job asks for, in MB, or null to take it from the table of known"
        " models.",
        minimum=0,
        maximum=10_000_000,
    )
    compute_type: str = setting(
        "auto",
        "Number format of the weights: auto is float16 on a GPU; on a CPU, int8 where it has VNNI,"
        " else float32.",
        enum=(
            *("auto", "float32", "float16", "bfloat16"),
            *("int8", "int8_float16", "int8_bfloat16", "int8_float32"),
        ),
    )
    beam_size: int = setting(5, "How many hypotheses the decoder follows.", minimum=1, maximum=100)
    batch_size: int | Auto = setting(
        "auto",
        "How many windows of a chunk are decoded at once: a matter of speed alone. auto takes as"
        " many as the GPU memory of a job holds, at most 16, and 1 on a CPU.",
        minimum=1,
        maximum=1024,
    )
    vad_filter: bool = setting(
        False,
        "Whether stretches without speech are skipped, which prevents invented words and may lose"
        " faint ones.",
    )
    condition_on_previous_text: bool = setting(
        False,
        "Whether the decoder sees the text before; true is more fluent, and repeats itself more"
        " often.",
    )
    temperature: Sequence[Temperature] = setting(
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
        "Temperatures tried one after the other where decoding fails its own checks.",
        minItems=1,
    )
    chunk_length: int | None = setting(
        None,
        "Length in seconds of the windows the model hears, or null for the model's own (30).",
        minimum=5,
        maximum=30,
    )
    initial_prompt: str | None = setting(None, "Text that sets style and spelling, or null.")
    hotwords: str | None = setting(None, "Names and terms to expect, or null.")


VOICES: Final = "voices"
PYANNOTE: Final = "pyannote"


@dataclass(frozen=True, slots=True)
class SpeakerSettings:
    """The keys of the configuration's `speakers` section."""

    enabled: bool = setting(
        False,
        "Whether to find out who speaks when: speakers.rttm of each video has the turns, no"
        " subtitle has words of two speakers but as a dialogue of two lines, and players, editors"
        " and translators are told who speaks.",
    )
    backend: str = setting(
        VOICES,
        "What tells speakers apart: voices (no account is needed) or pyannote (pyannote.audio, for"
        " who has installed it and has a token in HF_TOKEN).",
        enum=(VOICES, PYANNOTE),
    )
    model: Text | None = setting(
        None,
        "The voice encoder: the file pretrained.pt in the wheel of Resemblyzer; docs/speakers.md"
        " says how to get it. For pyannote a name on the Hugging Face Hub, a folder, or null for"
        " pyannote/speaker-diarization-community-1.",
    )
    at_least: int = setting(1, "Fewest speakers of a video.", minimum=1, maximum=1000)
    at_most: int | None = setting(
        None, "Most speakers of a video, or null.", minimum=1, maximum=1000
    )
    across: bool = setting(
        False,
        "Whether a voice has the same label in all videos, as in a series; else labels are each"
        " video's own.",
    )
    names: Text = setting(
        "speakers",
        "Folder with the names of speakers, if it is there: speakers.tsv for all videos,"
        " {video}.speakers.tsv for one; tab-separated columns label, name, gender, note.",
    )
    prefix: bool = setting(
        False, "Whether .srt files say who speaks before each subtitle, as in 'Anna: Hello.'"
    )
    device: str = means(
        "cpu",
        "Where speakers are told apart: auto, cuda or cpu. The voice encoder is fast on a CPU.",
        enum=DEVICES,
    )
    gpu_mem_mb: int | None = means(
        None,
        "GPU memory of a job in MB, or null for what is known: 1000 for the voice encoder, 3000 for"
        " pyannote.",
        minimum=1,
    )

    @property
    def limits(self) -> tuple[int, int | None]:
        """Fewest and most speakers."""
        return self.at_least, self.at_most
