"""All settings together: the sections of the stages, and what belongs to none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vat.embed.settings import DeliverySettings, EmbedSettings
from vat.media.settings import DownloadSettings
from vat.settings import Language, LanguageOrAutoOrMulti, Text, column, means, section, setting
from vat.speech.settings import AsrSettings, SeparateSettings, SpeakerSettings, SplitSettings
from vat.subtitles.limits import MergeSettings
from vat.subtitles.settings import SOURCES, SubtitleSettings
from vat.transcript.settings import QuarantineSettings, SeamSettings
from vat.translate.settings import TranslateSection


@dataclass(frozen=True, slots=True)
class LanguageSettings:
    """The keys of the configuration's `languages` section."""

    source: LanguageOrAutoOrMulti | Sequence[Language] = setting(
        "auto",
        "The language spoken: a code such as en, or auto to detect it once per video. Where several"
        " are spoken in one video: a list of them, or multi if any may be; then it is detected in"
        " every stretch of speech.",
        minItems=1,
        uniqueItems=True,
    )
    targets: Sequence[Language] = setting(
        ("zh",),
        "The languages to translate into, by code, tag or name: zh, zh-TW, pt-BR, Japanese.",
        uniqueItems=True,
    )


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    videos: str | Sequence[Text] = setting(
        "videos",
        "What to subtitle: a folder, a file, a URL, a video sheet (.tsv), or a list of these. A"
        " relative path is looked for in the working directory, then beside the Snakefile.",
        minLength=1,
        minItems=1,
    )
    ffmpeg: Text = means(
        "bundled",
        "Which ffmpeg to run: bundled (comes with the installation), system (from PATH), or an"
        " absolute path; version 9 or newer, as earlier ones shift subtitles.",
    )
    languages: LanguageSettings = section(LanguageSettings, "From which language into which.")
    download: DownloadSettings = section(DownloadSettings, "How videos are found and fetched.")
    separate: SeparateSettings = section(
        SeparateSettings, "Speech is separated from music and noise before it is transcribed."
    )
    split: SplitSettings = section(
        SplitSettings, "A video is cut into chunks that are transcribed independently."
    )
    asr: AsrSettings = section(AsrSettings, "Speech to words, by faster-whisper.")
    speakers: SpeakerSettings = section(SpeakerSettings, "Who speaks when, by the sound of voices.")
    seams: SeamSettings = section(
        SeamSettings,
        "Where two chunks do not fit together, or speech has no words, the place is decoded again.",
    )
    quarantine: QuarantineSettings = section(
        QuarantineSettings,
        "Words that were most likely invented leave the subtitles and are listed in"
        " transcript.json with the evidence.",
    )
    merge: MergeSettings = section(
        MergeSettings,
        "The words of all chunks become one transcript and subtitles in the spoken language."
        " Translations have the same limits.",
    )
    subtitles: SubtitleSettings = section(
        SubtitleSettings, "Subtitles that a video has already, beside it or as tracks."
    )
    translate: TranslateSection = section(TranslateSection, "Subtitles into the target languages.")
    embed: EmbedSettings = section(EmbedSettings, "Subtitles into the video.")
    delivery: DeliverySettings = section(
        DeliverySettings,
        "The finished videos and subtitle files under their own names, in results/delivery.",
    )
    pathvars: Mapping[str, str] = means(
        {}, "Snakemake's own names of folders: results, resources, logs, benchmarks."
    )


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of a video sheet."""

    source: Text = column(
        "A file or a URL; a relative path is looked for in the working directory, beside the"
        " sheet, then beside the Snakefile.",
        required=True,
    )
    title: Text = column("Title shown by players, instead of the file's name.")
    language: LanguageOrAutoOrMulti | Sequence[Language] = column(
        "The language spoken, auto, multi, or several, separated by commas: en,de.",
        minItems=1,
        uniqueItems=True,
    )
    targets: Sequence[Language] = column(
        "Languages to translate into, separated by commas: zh,ja.", uniqueItems=True, minItems=1
    )
    separate: bool | str = column(
        "Whether speech is separated from music first (true, false or auto).",
        enum=(True, False, "auto"),
    )
    audio_track: int = column(
        "Which audio track is transcribed, counted from 0.", minimum=0, maximum=1000
    )
    subtitles: str = column(
        "Where the subtitles in the spoken language come from, instead of subtitles.source.",
        enum=SOURCES,
    )
