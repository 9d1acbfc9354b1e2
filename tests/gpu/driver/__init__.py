"""A simulated NVIDIA driver that the real pynvml loads, and jobs that allocate memory in it."""
