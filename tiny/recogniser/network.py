"""The network: Whisper's encoder and decoder in small, under the names that transformers gives."""

import math
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiny.recogniser import grammar
from tiny.recogniser.tokens import TIMES, Tokens

WIDTH: Final = 128
HEADS: Final = 4
ENCODER_LAYERS: Final = 3
DECODER_LAYERS: Final = 4
INNER_WIDTH: Final = 512
MEL_BANDS: Final = 80
SOURCE_POSITIONS: Final = 1500
TARGET_POSITIONS: Final = 448
FROZEN_LAYERS: Final = 2
_OFFSETS: Final = ((-3, 3, -9, 9), (-6, 6, -18, 18), (-12, 0, 12, -40))
"""At which frame, from its own, each head of each layer of the encoder looks in the beginning."""


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's positions: sines in the first half of the columns, cosines in the second."""
    speeds = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2).float())
    angles = torch.arange(length)[:, None] * speeds[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    """Multi-head attention."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj = nn.Linear(WIDTH, WIDTH)
        self.k_proj = nn.Linear(WIDTH, WIDTH, bias=False)
        self.v_proj = nn.Linear(WIDTH, WIDTH)
        self.out_proj = nn.Linear(WIDTH, WIDTH)

    def forward(
        self, x: Tensor, source: Tensor, *, causal: bool = False, weighed: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """The result, and where it is `weighed` the logarithms of the first head's weights."""
        batch, length, _ = x.shape

        def heads(y: Tensor) -> Tensor:
            return y.view(batch, -1, HEADS, WIDTH // HEADS).transpose(1, 2)

        query, key = heads(self.q_proj(x)), heads(self.k_proj(source))
        value = heads(self.v_proj(source))
        weights = None
        if weighed:
            scores = (query.float() @ key.float().transpose(2, 3)) * (WIDTH // HEADS) ** -0.5
            weights = scores[:, :1].log_softmax(-1)[:, 0]
            mixed = scores.softmax(-1).to(value.dtype) @ value
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, length, WIDTH)), weights


class EncoderLayer(nn.Module):
    """Attention within the sound, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = Attention()
        self.self_attn_layer_norm = nn.LayerNorm(WIDTH)
        self.fc1 = nn.Linear(WIDTH, INNER_WIDTH)
        self.fc2 = nn.Linear(INNER_WIDTH, WIDTH)
        self.final_layer_norm = nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """One layer further."""
        normed = self.self_attn_layer_norm(x)
        return self.widened(x + self.self_attn(normed, normed)[0])

    def widened(self, x: Tensor) -> Tensor:
        """The two linear layers at the end."""
        wide: Tensor = self.fc2(functional.gelu(self.fc1(self.final_layer_norm(x))))
        return x + wide


class DecoderLayer(EncoderLayer):
    """Attention within the text, then to the sound, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder_attn = Attention()
        self.encoder_attn_layer_norm = nn.LayerNorm(WIDTH)

    def attend(self, x: Tensor, sound: Tensor, *, weighed: bool) -> tuple[Tensor, Tensor | None]:
        """One layer further, and the weights of one head over the sound."""
        normed = self.self_attn_layer_norm(x)
        x = x + self.self_attn(normed, normed, causal=True)[0]
        heard, weights = self.encoder_attn(self.encoder_attn_layer_norm(x), sound, weighed=weighed)
        return self.widened(x + heard), weights


class Encoder(nn.Module):
    """From log-mel power to the sound's features, 20 ms each.

    Where it is `frozen`, only its last layer learns.
    """

    def __init__(self) -> None:
        super().__init__()
        self.frozen = False
        self.conv1 = nn.Conv1d(MEL_BANDS, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(SOURCE_POSITIONS, WIDTH)
        self.embed_positions.weight.data = sinusoids(SOURCE_POSITIONS, WIDTH)
        self.embed_positions.weight.requires_grad = False
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(ENCODER_LAYERS))
        self.layer_norm = nn.LayerNorm(WIDTH)
        self._look_nearby()

    def forward(self, mel: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """The features at the end and after two layers; `begins` are their first positions."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.embed_positions(begins[:, None] + torch.arange(x.shape[1])[None])
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            for layer in self.layers[:FROZEN_LAYERS]:
                x = layer(x)
        middle = x = x.detach() if self.frozen else x
        for layer in self.layers[FROZEN_LAYERS:]:
            x = layer(x)
        return self.layer_norm(x), middle

    def _look_nearby(self) -> None:
        """Let every head look at a fixed distance first, through the sinusoids of positions."""
        speeds = torch.exp(-math.log(10000) / 63 * torch.arange(64).float())
        for module, offsets in zip(self.layers, _OFFSETS, strict=True):
            layer = cast("EncoderLayer", module)
            query = layer.self_attn.q_proj.weight.data
            key = layer.self_attn.k_proj.weight.data
            query.mul_(0.3)
            key.mul_(0.3)
            for head, offset in enumerate(offsets):
                for pair in range(16):
                    sine, cosine = 2 * pair, 64 + 2 * pair
                    turn = speeds[sine] * offset
                    row = head * 32 + 2 * pair
                    key[row, sine] += 1.3
                    key[row + 1, cosine] += 1.3
                    query[row, sine] += 1.3 * math.cos(turn)
                    query[row, cosine] += 1.3 * math.sin(turn)
                    query[row + 1, cosine] += 1.3 * math.cos(turn)
                    query[row + 1, sine] -= 1.3 * math.sin(turn)


class Decoder(nn.Module):
    """From the sound's features and the tokens so far to the next token."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(tokens.size, WIDTH)
        self.embed_positions = nn.Embedding(TARGET_POSITIONS, WIDTH)
        self.layers = nn.ModuleList(DecoderLayer() for _ in range(DECODER_LAYERS))
        self.layer_norm = nn.LayerNorm(WIDTH)
        self.embed_tokens.weight.data.normal_(0, 0.05)
        spread = 0.01 * torch.randn(TARGET_POSITIONS, WIDTH)
        self.embed_positions.weight.data = 0.03 * sinusoids(TARGET_POSITIONS, WIDTH) + spread
        times = slice(tokens.zero, tokens.zero + TIMES)
        self.embed_tokens.weight.data[times] = 0.07 * sinusoids(TIMES, WIDTH)

    def forward(self, said: Tensor, sound: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores of the next tokens, and the weights of a head of each layer but the first."""
        x = self.embed_tokens(said) + self.embed_positions.weight[: said.shape[1]]
        seen = []
        for place, module in enumerate(self.layers):
            x, weights = cast("DecoderLayer", module).attend(x, sound, weighed=place >= 1)
            seen += [] if weights is None else [weights]
        return functional.linear(self.layer_norm(x), self.embed_tokens.weight), seen


class Body(nn.Module):
    """Encoder and decoder, which is what is kept in the end."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder(tokens)


class Network(nn.Module):
    """The recogniser, and two layers that tell from the sound which word each frame is of."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.model = Body(tokens)
        self.frame = nn.Linear(WIDTH, len(grammar.WORDS) + 1)
        self.frame2 = nn.Linear(WIDTH, len(grammar.WORDS) + 1)
