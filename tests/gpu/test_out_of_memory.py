"""A full GPU is told from every other failure."""

import pytest

from gpulease import is_out_of_memory


@pytest.mark.parametrize(
    "text",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a",
        "torch.cuda.OutOfMemoryError: CUDA out of memory.",
        "RuntimeError: CUDA error: out of memory",
        "RuntimeError: CUDA failed with error out of memory",
        "RuntimeError: cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuda driver error: CUDA_ERROR_OUT_OF_MEMORY",
        "[hevc_nvenc @ 0x55] OpenEncodeSessionEx failed: out of memory (10): (no details)",
        "[h264_nvenc @ 0x5] EncodePicture failed!: NV_ENC_ERR_OUT_OF_MEMORY",
        "cu->cuCtxCreate(&ctx) failed -> CUDA_ERROR_OUT_OF_MEMORY: out of memory",
        "vat.errors.GpuMemoryError: The GPU's memory was full while separating",
    ],
)
def test_out_of_gpu_memory(text: str) -> None:
    assert is_out_of_memory(f"some log\n{text}\nmore")


@pytest.mark.parametrize(
    "text",
    [
        "MemoryError",
        "Out of memory: Killed process 4121 (python)",
        "OSError: [Errno 12] Cannot allocate memory",
        "CUDA error: an illegal memory access was encountered",
        "CUDA error: device-side assert triggered",
        "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
        "CUDA driver version is insufficient for CUDA runtime version",
        "[hevc_nvenc @ 0x5] OpenEncodeSessionEx failed: unsupported device (2): (no details)",
        "the speaker said: we ran out of memory chips",
    ],
)
def test_other_failures(text: str) -> None:
    assert not is_out_of_memory(text)
