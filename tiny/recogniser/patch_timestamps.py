"""Give the decoder a ready path from the frame that it looks at to the token of that moment.

    python -m tiny.recogniser.patch_timestamps UTTERANCES.npz STATE.pt OUTPUT.pt PATH EMBEDDING

The first head of the upper decoder layers carries the position of the frame, read off the
encoder's features by linear regression, to the token, whose embedding gets the same sinusoids.
PATH and EMBEDDING are how much of both is added.
"""

import argparse
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from tiny.recogniser import utterances
from tiny.recogniser.network import (
    SOURCE_POSITIONS,
    WIDTH,
    DecoderLayer,
    Network,
    sinusoids,
)
from tiny.recogniser.tokens import TIMES, Tokens
from tiny.recogniser.windows import Windows

_HALF = WIDTH // 2


def positions_by_features(network: Network, windows: Windows) -> Tensor:
    """The regression of the positions' sinusoids on the features, the constant in the last row."""
    positions = sinusoids(SOURCE_POSITIONS, WIDTH)
    features, wanted = [], []
    for seconds in (8.0, 12.0):
        batch = windows.batch(24, seconds, 0.0)
        found, _ = network.model.encoder(batch.mel, batch.begins)
        places = batch.begins[:, None] + torch.arange(found.shape[1])[None]
        features.append(found.flatten(0, 1))
        wanted.append(positions[places].flatten(0, 1))
    given, truth = torch.cat(features), torch.cat(wanted)
    given = torch.cat([given, torch.ones(len(given), 1)], 1)
    ridge = 1e-2 * len(given) * torch.eye(WIDTH + 1)
    weights: Tensor = torch.linalg.solve(given.T @ given + ridge, given.T @ truth)
    explained = 1 - ((given @ weights - truth) ** 2).mean(0) / truth.var(0)
    print("explained, sines:", [round(one, 2) for one in explained[:_HALF:4].tolist()])
    print("explained, cosines:", [round(one, 2) for one in explained[_HALF::4].tolist()])
    return weights


def patch(network: Network, weights: Tensor, path: float, embedding: float, zero: int) -> None:
    """Add the path to the decoder's layers, and the sinusoids to the times' embeddings."""
    for place in (1, 2, 3):
        attention = cast("DecoderLayer", network.model.decoder.layers[place]).encoder_attn
        for pair in range(16):
            column = 3 * pair + (place - 1)
            for row, target in ((2 * pair, column), (2 * pair + 1, _HALF + column)):
                attention.v_proj.weight[row] += weights[:WIDTH, target]
                attention.v_proj.bias[row] += weights[WIDTH, target]
                attention.out_proj.weight[target, row] += path if place == 3 else 0.35 * path
    network.model.decoder.embed_tokens.weight[zero:] += embedding * sinusoids(TIMES, WIDTH)


def main() -> None:
    """Patch one state."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("utterances", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("path", type=float)
    parser.add_argument("embedding", type=float)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    tokens = Tokens()
    windows = Windows(utterances.load(wanted.utterances), 5, tokens, backgrounds=8)
    network = Network(tokens)
    network.load_state_dict(torch.load(wanted.state))
    with torch.no_grad():
        weights = positions_by_features(network, windows)
        patch(network, weights, wanted.path, wanted.embedding, tokens.zero)
    torch.save(network.state_dict(), wanted.output)


if __name__ == "__main__":
    main()
