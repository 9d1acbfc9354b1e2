"""Telling a full GPU from every other failure, by what libraries say about it."""

import re
from typing import Final

# CUDA's own names and texts (cudaErrorMemoryAllocation, CUDA_ERROR_OUT_OF_MEMORY), those of cuBLAS
# and cuDNN, the words of torch and CTranslate2, and what ffmpeg prints when NVENC or NVDEC gets
# no memory. "out of memory" alone is not among them: the kernel and databases say it of RAM.
_SIGNS: Final = re.compile(
    r"""
      CUDA(?:\ error:?|\ failed\ with\ error|\ driver\ error:?|:)?\ out\ of\ memory
    | torch(?:\.cuda)?\.OutOfMemoryError
    | cudaErrorMemoryAllocation
    | CUDA_ERROR_OUT_OF_MEMORY
    | CUBLAS_STATUS_ALLOC_FAILED
    | CUDNN_STATUS_ALLOC_FAILED
    | CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
    | cusolver\w*_STATUS_ALLOC_FAILED
    | CUFFT_ALLOC_FAILED
    | NV_ENC_ERR_OUT_OF_MEMORY
    | OpenEncodeSessionEx\ failed:\ out\ of\ memory
    | \bGpuMemoryError\b
    | GPU's\ memory\ was\ full
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_out_of_memory(text: str) -> bool:
    """Whether an error or a log says that the memory of a GPU was full."""
    return _SIGNS.search(text) is not None
