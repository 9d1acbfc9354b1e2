"""Where finished videos go below the delivery folder, known before anything runs."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from vat.embed.delivery import digest_of
from vat.planning.sources import Video


def delivery_names(videos: Mapping[str, Video]) -> dict[str, str | None]:
    """Where each video goes below the delivery folder, without suffix; None for a remote one.

    That is its own name in the folders in which it was found. Where two would be the same they
    keep their old suffix as a part of the name (`a.mp4.mkv` and `a.mov.mkv`); where that is the
    same, too, the hash of their slug. Large and small letters count as the same. What a remote
    video is called only its download tells.
    """
    local = {slug: Path(video.source) for slug, video in videos.items() if not video.remote}
    choices = {
        slug: [
            str(Path(videos[slug].folder, name))
            for name in (file.stem, file.name, f"{file.stem} [{digest_of(slug)}]")
        ]
        for slug, file in local.items()
    }
    names: dict[str, str | None] = dict.fromkeys(videos)
    for number in range(3):
        wanted = Counter(choice[number].casefold() for choice in choices.values())
        taken = {name.casefold() for name in names.values() if name}
        for slug, choice in list(choices.items()):
            key = choice[number].casefold()
            if number == 2 or (wanted[key] == 1 and key not in taken):
                names[slug] = choices.pop(slug)[number]
    return names
