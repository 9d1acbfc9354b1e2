"""The order in which CUDA numbers the GPUs, asked from the CUDA driver itself.

Unless CUDA_DEVICE_ORDER is PCI_BUS_ID, CUDA puts the fastest GPU first, by a rule that NVIDIA
does not publish. The question is asked in a process of its own: a process that has once started
CUDA cannot be shown other GPUs any more.
"""

import json
import os
import subprocess
import sys
from typing import Final

_QUESTION: Final = """
import ctypes, json, uuid
cuda = ctypes.CDLL("libcuda.so.1")
count = ctypes.c_int()
assert cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0
order = []
for number in range(count.value):
    device, raw = ctypes.c_int(), (ctypes.c_ubyte * 16)()
    assert cuda.cuDeviceGet(ctypes.byref(device), number) == 0
    assert cuda.cuDeviceGetUuid(ctypes.byref(raw), device) == 0
    order.append("GPU-" + str(uuid.UUID(bytes=bytes(raw))))
print(json.dumps(order))
"""


def ask_cuda_order() -> list[str] | None:
    """UUIDs of all GPUs in CUDA's own order; None where the CUDA driver cannot say."""
    environment = {key: value for key, value in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _QUESTION],
            env=environment,
            capture_output=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return list(json.loads(answer.stdout))
