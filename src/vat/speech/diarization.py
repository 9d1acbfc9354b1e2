"""Who speaks when in a video, as the rule asks for it: with whichever backend, in any process."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vat.jobs.device import gpu_errors, resolve
from vat.speech.pyannote import diarized
from vat.speech.settings import PYANNOTE, SpeakerSettings
from vat.speech.speakers import turns_of
from vat.speech.voices import listen, load_encoder
from vat.timeline import Chunks

logger = logging.getLogger(__name__)


def who_speaks(
    speech: str,
    chunks: Mapping[str, Any],
    model: str,
    settings: Mapping[str, Any],
    device: str,
    threads: int,
) -> dict[str, Any]:
    """Who speaks when in a video, and how each of them sounds: a `Found`.

    Arguments and result are JSON values, so that the call can be made in another process.

    Args:
        speech: the path of speech.flac.
        chunks: the video's chunks.json.
        model: the file of the voice encoder; of pyannote a name on the hub, or a folder.
        settings: the fields of SpeakerSettings.
        device: auto, cuda or cpu, resolved where the call runs.
        threads: CPU threads of the encoder.

    Raises:
        ModelError: where the model is another one, or cannot be had.
        DeviceError: where a GPU is asked for and none is visible.
        GpuMemoryError: where the model does not fit into the GPU's memory.
    """
    chosen, resolved = SpeakerSettings(**settings), resolve(device)
    video = Chunks.from_json(chunks)
    stretches = [stretch for stretch in video.speech if stretch[0] < stretch[1]]
    with gpu_errors("finding out who speaks"):
        if chosen.backend == PYANNOTE:
            found = diarized(speech, model, resolved, *chosen.limits)
        else:
            encoder = load_encoder(model, resolved, threads)
            voices, limits = listen(Path(speech), stretches, encoder), chosen.limits
            found = turns_of(voices, stretches, *limits, video.duration)
    logger.info("%d speakers, %d turns", len(found.prints), len(found.speakers.turns))
    return found.to_json()
