"""How videos are found and fetched: the section `download`."""

from collections.abc import Sequence
from dataclasses import dataclass

from vat.settings import Text, means, setting


@dataclass(frozen=True, slots=True)
class DownloadSettings:
    """The keys of the configuration's `download` section."""

    recursive: bool = means(False, "Whether folders are searched with their subfolders.")
    exclude: Sequence[Text] = means(
        (),
        "Files in folders that are not taken: their names, or their paths below the folder, with"
        " wildcards, such as *.part.mkv.",
    )
    format: Text = setting("bv*+ba/b", "What to fetch from a URL, as a yt-dlp format selection.")
    cookies: str | None = means(
        None,
        "A file of cookies (Netscape format) for sites that want a login, or null; never"
        " written to.",
    )
    max_mb: int = means(
        100_000, "Most that is fetched from a URL for one video, in MB.", minimum=1, maximum=10**9
    )
    private_addresses: bool = means(
        False,
        "Whether a site may lead to addresses of this host and its network by a redirect or a"
        " playlist; what videos names itself is fetched from anywhere.",
    )
    audio_track: int | None = setting(
        None,
        "Which audio track is transcribed, counted from 0, or null for the container's default"
        " track.",
        minimum=0,
        maximum=1000,
    )
    damaged: str = setting(
        "fail",
        "What becomes of a video whose sound cannot be decoded everywhere: fail, or warn and have"
        " silence there.",
        enum=("fail", "warn"),
    )
    truncated: str = means(
        "warn",
        "What becomes of a file that was broken off, so that its header or its structure promises"
        " more than there is: warn and take it as far as it goes, or fail.",
        enum=("warn", "fail"),
    )
