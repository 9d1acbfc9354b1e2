"""A voice encoder of the right shape that knows nothing."""

from pathlib import Path

import torch


def make_encoder(path: Path) -> Path:
    """Write the weights to `path`."""
    torch.manual_seed(1)
    parts = {"lstm": torch.nn.LSTM(40, 256, 3), "linear": torch.nn.Linear(256, 256)}
    state = {f"{name}.{k}": v for name, part in parts.items() for k, v in part.state_dict().items()}
    torch.save({"model_state": state}, path)
    return path
