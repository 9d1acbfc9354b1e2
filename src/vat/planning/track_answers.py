"""Where the tracks of a video lie: as generated, or as the user has corrected them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from vat.planning.edits import FOLDER, SPOKEN, Edit, EditedTracks, restored_ids
from vat.planning.plan import Plan
from vat.subtitles.generated_versions import EditFolder
from vat.subtitles.settings import TRACK
from vat.subtitles.track import WORD_ENDINGS

NEVER: Final = "(?!)"
"""A regular expression that matches nothing."""


class OfVideo(Protocol):
    """The wildcards of a job for one video."""

    @property
    def video(self) -> str:
        """The slug of the job's video."""


class OfTrack(OfVideo, Protocol):
    """The wildcards of a job for tracks: `track`, or `upper` and `lower`, as its rule has them."""

    @property
    def track(self) -> str:
        """A language, or "source"."""

    @property
    def upper(self) -> str:
        """The track above another one."""

    @property
    def lower(self) -> str:
        """The track below another one."""


class OfLanguage(Protocol):
    """The wildcards of a job for one language of all videos."""

    @property
    def language(self) -> str:
        """The code of the language."""


class TrackAnswers:
    """The answers about tracks and corrections for one plan."""

    _plan: Plan
    _config: Mapping[str, Any]
    _edited: EditedTracks
    _edits: Mapping[tuple[str, str], Edit]

    @property
    def languages(self) -> list[str]:
        """Every language into which some video is translated."""
        return sorted({code for video in self._plan.videos for code in self._plan.targets(video)})

    @property
    def local_sources(self) -> list[str]:
        """The videos that are files of this host."""
        return [one.source for one in self._plan.videos.values() if not one.remote]

    def _find_edits(self, results: Path) -> None:
        self._edited = self._edited_tracks(self._plan.bases[0] / results)
        self._edits = self._edited.find()

    def adopt_edits(self) -> None:
        """Put corrections that were made elsewhere into the folder for them."""
        for edit in self._edits.values():
            self._edited.adopt(edit)

    def _edited_tracks(self, results: Path) -> EditedTracks:
        plan = self._plan
        spoken = {name: one.language for name, one in plan.videos.items() if not one.is_detected}
        return EditedTracks(
            plan.bases[0],
            results,
            {video: [*plan.targets(video), SPOKEN] for video in plan.videos},
            spoken,
            {video: plan.tracks(video) for video in plan.videos},
            self._config["delivery"]["sidecars"],
        )

    def _track(self, video: str, track: str) -> str:
        """Where a track lies: as generated, or as corrected."""
        place = "edited" if (video, track) in self._edits else "subtitles"
        return f"<results>/{video}/{place}/{track}.json"

    # Tracks that are taken from subtitles that exist, and not made.

    @property
    def taken_videos(self) -> str:
        """What matches the videos of tracks that are taken, where these follow in a path."""
        by_tracks = dict[tuple[str, ...], list[str]]()
        for video, taken in self._plan.taken.items():
            by_tracks.setdefault(tuple(taken.tracks), []).append(video)
        ways = [
            f"(?:{'|'.join(videos)})(?=/subtitles/(?:{'|'.join(tracks)})\\.)"
            for tracks, videos in by_tracks.items()
            if tracks
        ]
        return "|".join(ways) or NEVER

    def taken(self, wildcards: OfTrack) -> dict[str, Any]:
        """What is known of the subtitles that a track is taken from, their content included."""
        return self._plan.taken[wildcards.video].tracks[wildcards.track].to_json()

    def left_out(self, wildcards: OfVideo) -> list[int]:
        """The streams of subtitles that are replaced, by index."""
        return list(self._plan.taken[wildcards.video].left_out)

    def new_tracks(self, wildcards: OfVideo) -> list[str]:
        """The tracks that are put into a video: those that it does not have already.

        What is drawn into the picture is among them in any case.
        """
        video, burns = wildcards.video, self._config["embed"]["mode"] != "soft"
        return [
            self._track(video, track)
            for track in self._plan.tracks(video)
            if burns or not self._is_stream(video, track)
        ]

    def _is_stream(self, video: str, track: str) -> bool:
        """Whether a video has a track as a stream of its own, without corrections."""
        taken = self._plan.taken[video].tracks.get(track)
        return taken is not None and taken.where == TRACK and (video, track) not in self._edits

    def quarantine(self, wildcards: OfVideo) -> dict[str, Any]:
        """The settings of the quarantine, with what the user puts back in this video."""
        settings = dict(self._plan.recipe["quarantine"])
        more = restored_ids(self._plan.bases[0] / FOLDER / wildcards.video)
        new = [one for one in more if one not in settings["restore"]]
        return settings | {"restore": [*settings["restore"], *new]} if new else settings

    def edit(self, wildcards: OfTrack) -> str | None:
        """What changes whenever the user's version of a track does."""
        found = self._edits.get((wildcards.video, wildcards.track))
        return found.digest if found else None

    def editable(self, wildcards: OfVideo) -> list[str]:
        """The tracks of a video that can be corrected."""
        tracks = self._edited.tracks[wildcards.video]
        return [f"<results>/{wildcards.video}/subtitles/{track}.json" for track in tracks]

    def editable_videos(self, wildcards: OfVideo) -> list[str]:
        """What tells of each video that it has copies to edit."""
        return [f"<results>/{video}/edits.json" for video in self._plan.videos]

    def without_copies(self, wildcards: OfVideo) -> list[str]:
        """The tracks of a video of which there is no copy to edit."""
        folder = EditFolder(self._edited.here / FOLDER / wildcards.video)
        tracks = self._edited.tracks[wildcards.video]
        return [track for track in tracks if folder.edit(track) is None]

    def shots(self, wildcards: OfVideo) -> list[str]:
        """When the shots of a video's picture begin, where subtitles go with them."""
        wanted = self._config["merge"]["shot_changes"]
        seen = not self._plan.videos[wildcards.video].is_sound
        return [f"<results>/{wildcards.video}/shots.json"] if wanted and seen else []

    def spoken_track(self, wildcards: OfVideo) -> str:
        """The subtitles of the spoken language."""
        return self._track(wildcards.video, SPOKEN)

    def upper_track(self, wildcards: OfTrack) -> str:
        """The upper one of two languages that are shown at a time."""
        return self._track(wildcards.video, wildcards.upper)

    def lower_track(self, wildcards: OfTrack) -> str:
        """The lower one of two languages that are shown at a time."""
        return self._track(wildcards.video, wildcards.lower)

    def tracks(self, wildcards: OfVideo) -> list[str]:
        """The subtitles that are embedded into a video."""
        video = wildcards.video
        return [self._track(video, track) for track in self._plan.tracks(video)]

    def sidecars(self, wildcards: OfVideo) -> list[str]:
        """The subtitle files that go beside a delivered video."""
        return [
            cues.removesuffix("json") + ending
            for cues in self.tracks(wildcards)
            for ending in self._config["delivery"]["sidecars"]
            if ending not in WORD_ENDINGS
        ]

    def word_files(self, video: str) -> list[str]:
        """The subtitles of a video with the time of every word, where they are asked for.

        Where no speech is recognised, no word has a time.
        """
        delivered = any(one in WORD_ENDINGS for one in self._config["delivery"]["sidecars"])
        wanted = self._config["merge"]["word_times"] or delivered
        if not wanted or self._plan.has(video, SPOKEN):
            return []
        return [f"<results>/{video}/subtitles/{SPOKEN}.{ending}" for ending in WORD_ENDINGS]

    def word_sidecars(self, wildcards: OfVideo) -> list[str]:
        """Those of them that go beside a delivered video, after the track of which they are."""
        wanted = tuple(one for one in self._config["delivery"]["sidecars"] if one in WORD_ENDINGS)
        files = [file for file in self.word_files(wildcards.video) if file.endswith(wanted)]
        return [self.spoken_track(wildcards), *files] if files else []

    def corrected(self, wildcards: OfLanguage) -> dict[str, list[str]]:
        """Of each corrected translation: what was said, what was generated, and what it became."""
        language = wildcards.language
        videos = [video for video, track in self._edits if track == language]
        return {
            "said": [self._track(video, SPOKEN) for video in videos],
            "generated": [f"<results>/{video}/subtitles/{language}.json" for video in videos],
            "edited": [self._track(video, language) for video in videos],
        }

    def all_source_cues(self, wildcards: OfVideo) -> list[str]:
        """The subtitles of the spoken language of all videos."""
        return [self._track(video, SPOKEN) for video in self._plan.videos]
