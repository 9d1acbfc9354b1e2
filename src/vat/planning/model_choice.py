"""Which speech model is taken where the configuration leaves it open: what the device holds."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from vat.planning.gpu_requests import asr_gpu_mem_mb
from vat.planning.known_sources import Probes

Memory = Callable[[], int]
"""MB of the largest GPU of this host, 0 without any."""

ON_GPU: Final = ("large-v3", "large-v3-turbo", "small")
"""The first that fits is taken; the best first."""

MANY_CPUS: Final = 8
"""From so many on a CPU hears with large-v3-turbo about as fast as people speak, by the size of its
encoder, which is 13 times that of Whisper base; not measured here."""

_KEY: Final = "asr.model"


def choose_speech_model(config: Mapping[str, Any], probes: Probes, memory: Memory | None) -> str:
    """The model for `asr.model: auto`.

    `memory` tells of this host's GPUs; None where jobs run on other hosts, which are taken to have
    a GPU that holds the best. A folder keeps its best model: it was transcribed with that, and a
    driver that is gone for a day is no reason to do it all again with a worse one.
    """
    settings = config["asr"]

    def now() -> str:
        if settings["device"] == "cpu":
            return _on_cpu()
        if memory is None:
            return ON_GPU[0]
        return fitting(memory(), settings["compute_type"], settings["gpu_mem_mb"])

    return probes.choice(_KEY, now, ON_GPU[::-1])


def fitting(gpu_mb: int, compute_type: str, job_mb: int | None) -> str:
    """The best model that a GPU of so many MB holds; that for the CPU where there is none.

    `job_mb` is what a job asks for where the configuration says so.
    """
    if not gpu_mb:
        return _on_cpu()
    room = min(gpu_mb, job_mb) if job_mb else gpu_mb
    needed = ((name, asr_gpu_mem_mb(name, compute_type)) for name in ON_GPU)
    return next((name for name, mb in needed if mb <= room), ON_GPU[-1])


def _on_cpu() -> str:
    return "large-v3-turbo" if len(os.sched_getaffinity(0)) >= MANY_CPUS else "small"
