"""The inventory, through the real pynvml and a simulated driver."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gpu.driver.simulated import Host, gpu_uuid

STATES = """
import json
from gpulease.inventory import read_inventory
print(json.dumps([[s.gpu.index, s.gpu.uuid, s.gpu.total_mb, s.gpu.capacity_mb, s.free_mb,
                   s.gpu.parent, None if s.used_by is None else sum(s.used_by.values())]
                  for s in read_inventory()]))
"""
VISIBLE = """
import logging; logging.basicConfig()
from gpulease.executors import Pool
print([state.gpu.index for state in Pool().states()])
"""


def test_gpus_with_their_memory(host: Host, python: Callable[..., str]) -> None:
    host.add_gpus(24000, 80000, reserved_mb=500)
    host.set_foreign(gpu_uuid(1), 7000)
    host.add(f"use {gpu_uuid(0)} 1 300")
    assert json.loads(python(STATES)) == [
        [0, gpu_uuid(0), 24000, 23500, 23200, None, 300],
        [1, gpu_uuid(1), 80000, 79500, 72500, None, 0],
    ]


@pytest.mark.parametrize("extra", [{"LD_LIBRARY_PATH": ""}, {"SIMULATED_GPUS": "/nowhere"}])
def test_a_host_without_a_driver_has_no_gpus(
    python: Callable[..., str], extra: dict[str, str]
) -> None:
    assert python(STATES, **extra) == "[]"


def test_a_driver_that_fails_is_an_error_with_what_to_do(
    host: Host, python: Callable[..., str]
) -> None:
    host.add("driver fail")
    code = """
import gpulease
try: gpulease.select_best_gpu()
except gpulease.DriverError as error: print(error)
"""
    assert "run nvidia-smi" in python(code)


def test_instances_of_a_split_gpu_are_devices_and_it_is_not(
    host: Host, python: Callable[..., str]
) -> None:
    host.add_gpus(80000, 24000)
    host.add(f"mig {gpu_uuid(0)} MIG-aa 20000 7 0 MIG 2g", f"mig {gpu_uuid(0)} MIG-bb 10000 8 0 M")
    host.set_foreign("MIG-bb", 1000)
    assert [(s[0], s[1], s[4], s[5]) for s in json.loads(python(STATES))] == [
        (0, "MIG-aa", 20000, gpu_uuid(0)),
        (0, "MIG-bb", 9000, gpu_uuid(0)),
        (1, gpu_uuid(1), 24000, None),
    ]


def test_a_gpu_that_disappears_is_left_out(host: Host, python: Callable[..., str]) -> None:
    host.add_gpus(24000, 24000)
    host.add(f"lost {gpu_uuid(0)}")
    assert [state[1] for state in json.loads(python(STATES))] == [gpu_uuid(1)]


def test_memory_by_process_may_be_hidden(host: Host, python: Callable[..., str]) -> None:
    host.add_gpus(24000)
    host.add("processes hidden", f"use {gpu_uuid(0)} 1 300")
    ((*_, free, _, used),) = json.loads(python(STATES))
    assert (free, used) == (23700, None)


def test_numbers_mean_what_cuda_means_by_them(
    host: Host, library: Path, python: Callable[..., str]
) -> None:
    host.add_gpus(24000, 80000, names=["Small", "Fast"])
    host.add(f"order {gpu_uuid(1)} {gpu_uuid(0)}")
    cuda = {"LD_LIBRARY_PATH": f"{library}:{library / 'cuda'}"}
    first = {**cuda, "CUDA_VISIBLE_DEVICES": "0"}
    assert python(VISIBLE, **first) == "[1]"
    assert python(VISIBLE, **first, CUDA_DEVICE_ORDER="PCI_BUS_ID") == "[0]"
    assert python(VISIBLE, **cuda, CUDA_VISIBLE_DEVICES=gpu_uuid(0)) == "[0]"
    assert python(VISIBLE, CUDA_VISIBLE_DEVICES="0") == "[0]"


def test_the_best_gpu(host: Host, python: Callable[..., str]) -> None:
    host.add_gpus(24000, 24000, 80000)
    host.set_foreign(gpu_uuid(0), 3000)
    best = "import gpulease; print(gpulease.select_best_gpu({}))"
    assert python(best.format("")) == "1"
    assert python(best.format("exclude_gpus=[1]")) == "2"
    assert python(best.format("min_free_memory_gb=30")) == "2"
    assert python(best.format(""), CUDA_VISIBLE_DEVICES="0") == "0"


@pytest.mark.parametrize(
    ("call", "visible", "words"),
    [
        ("min_free_memory_gb=23", None, ["23 GB free", "GPU 1: only 8000 MB free"]),
        ("exclude_gpus=[0, 1]", None, ["excluded"]),
        ("", "5", ["CUDA_VISIBLE_DEVICES=5 allows none of the 2 GPUs"]),
        ("", "", ["allows none"]),
    ],
)
def test_where_no_gpu_qualifies_the_error_says_why(
    host: Host, python: Callable[..., str], call: str, visible: str | None, words: list[str]
) -> None:
    host.add_gpus(24000, 24000)
    host.set_foreign(gpu_uuid(0), 3000)
    host.set_foreign(gpu_uuid(1), 16000)
    code = (
        f"import gpulease\ntry: gpulease.select_best_gpu({call})\n"
        "except gpulease.NoGpuError as e: print(e)"
    )
    extra = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    message = python(code, **extra)
    assert all(word in message for word in words), message
