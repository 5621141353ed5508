#!/usr/bin/python3
"""Reference numbers for transformers made with PyTorch's own layers: models/transformer.rondo and
models/transformer_causal.rondo. See README.md."""

import math

import torch
from torch import nn

from reference import fill, make_batches, make_case

VOCABULARY, LONGEST = 30, 64


def waves(length, size):
    """Sine and cosine of the position in turn, as in the tutorials of PyTorch."""
    position = torch.arange(length).double().unsqueeze(1)
    rates = torch.exp(torch.arange(0, size, 2).double() * (-math.log(10000.0) / size))
    result = torch.zeros(length, size).double()
    result[:, 0::2], result[:, 1::2] = torch.sin(position * rates), torch.cos(position * rates)
    return result


class Positions(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(LONGEST, size))


class Transformer(nn.Module):
    def __init__(self, size, heads, inner, causal):
        super().__init__()
        self.x = nn.Embedding(VOCABULARY, size)
        layer = nn.TransformerEncoderLayer(size, heads, inner, dropout=0.0, norm_first=causal)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.logits = nn.Linear(size, 2)
        self.causal = causal
        if causal:
            self.places = Positions(size)

    def parts(self):
        parts = {"x": self.x, "encoder": self.encoder, "logits": self.logits}
        return {**parts, "places": self.places} if self.causal else parts

    def forward(self, words):
        x, mask = self.x(words), None
        if self.causal:
            x = x + self.places.weight[: len(words)]
            mask = torch.full((len(words), len(words)), float("-inf"), dtype=x.dtype).triu(1)
        else:
            x = x + waves(len(words), x.shape[1]).to(x.dtype)
        states = self.encoder(x.unsqueeze(1), mask).squeeze(1)
        return self.logits(states.mean(0)), None


def main():
    model = Transformer(size=12, heads=3, inner=10, causal=False)
    fill(model, 61, bound=0.5)
    make_case("transformer", model, make_batches(161, VOCABULARY))
    model = Transformer(size=8, heads=2, inner=12, causal=True)
    fill(model, 62, bound=0.7)
    make_case("transformer_causal", model, make_batches(162, VOCABULARY))


if __name__ == "__main__":
    main()
