"""What is wrong with the network's answer to a batch, as numbers to be made small."""

from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from tiny.recogniser.network import Network
from tiny.recogniser.windows import Batch

_NEARBY = torch.tensor([0.06, 0.19, 0.5, 0.19, 0.06])
"""How right the times around the true one are, in steps of 20 ms."""
_TIME_WEIGHT = 1.5


class Losses(NamedTuple):
    """Of the text, of the words that frames are of, of where tokens look; and what is printed."""

    text: Tensor
    frames: Tensor
    looks: Tensor
    figures: dict[str, float]


def losses(network: Network, batch: Batch, zero: int, *, half: bool = True) -> Losses:
    """The losses of one batch; `zero` is the token of 0.00 s, `half` computes in bfloat16."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        features, middle = network.model.encoder(batch.mel, batch.begins)
        heard, heard_early = network.frame(features), network.frame2(middle)
        scores, seen = network.model.decoder(batch.said, torch.cat([features, features]))
    words = batch.words.flatten()
    of_frames = functional.cross_entropy(
        heard.float().flatten(0, 1), words
    ) + 0.5 * functional.cross_entropy(heard_early.float().flatten(0, 1), words)
    counted = batch.following != -100
    truth, chances = batch.following[counted], scores.float()[counted].log_softmax(-1)
    of_text = _of_text(scores.float()[counted], chances, truth, zero)
    guided = batch.guided.sum()
    looks = [-((batch.guides * look).sum(-1) * batch.guided).sum() / guided for look in seen]
    of_looks = reduce(torch.add, looks) / len(looks)
    with torch.no_grad():
        found, is_time = chances.argmax(-1), truth >= zero
        near = ((found - truth).abs() <= 3)[is_time]
        figures = {
            "text": of_text.item(),
            "frames": of_frames.item(),
            "looks": of_looks.item(),
            "frames right": (heard.argmax(-1) == batch.words)[batch.words > 0]
            .float()
            .mean()
            .item(),
            "words right": (found == truth)[~is_time].float().mean().item(),
            "times right": near.float().mean().item() if is_time.any() else 0.0,
        }
    return Losses(of_text, of_frames, of_looks, figures)


def _of_text(scores: Tensor, chances: Tensor, truth: Tensor, zero: int) -> Tensor:
    """Cross entropy, softened for times, which count more."""
    size = scores.shape[-1]
    plain = -chances.gather(1, truth[:, None])[:, 0]
    is_soft = (truth >= zero + 2) & (truth <= zero + 1498)
    nearby = (truth[:, None] + torch.arange(-2, 3)[None]).clamp(0, size - 1)
    soft = -(chances.gather(1, nearby) * _NEARBY).sum(1)
    weights = torch.where(truth >= zero, _TIME_WEIGHT, 1.0)
    loss = (torch.where(is_soft, soft, plain) * weights).sum() / weights.sum()
    times = scores[..., zero:][is_soft].log_softmax(-1)
    among = -(times.gather(1, nearby[is_soft] - zero) * _NEARBY).sum(1)
    return loss + 0.3 * among.sum() / weights.sum()
