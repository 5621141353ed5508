#!/usr/bin/python3
"""Reference numbers for models/sentiment_small.rondo and models/sentiment_full.rondo: a
bidirectional LSTM with attention pooling, made with PyTorch's own layers. See README.md."""

import torch
from torch import nn

from reference import fill, make_batches, make_case


class Attention(nn.Module):
    """weights = softmax(states @ score + bias), context = weights @ states"""

    def __init__(self, size):
        super().__init__()
        self.score = nn.Parameter(torch.empty(size))
        self.bias = nn.Parameter(torch.empty(()))

    def forward(self, states):
        weights = torch.softmax(states @ self.score + self.bias, dim=0)
        return weights @ states, weights


class Sentiment(nn.Module):
    def __init__(self, vocabulary, embedding, hidden):
        super().__init__()
        self.x = nn.Embedding(vocabulary, embedding)
        self.ahead = nn.LSTM(embedding, hidden)  # nn.Module keeps the name `forward` for itself
        self.reverse = nn.LSTM(embedding, hidden)
        self.attention = Attention(2 * hidden)
        self.logits = nn.Linear(2 * hidden, 2)

    def parts(self):
        return {"x": self.x, "forward": self.ahead, "reverse": self.reverse,
                "attention": self.attention, "logits": self.logits}

    def forward(self, words):
        x = self.x(words)
        ahead, _ = self.ahead(x)
        reverse, _ = self.reverse(x.flip(0))
        context, weights = self.attention(torch.cat([ahead, reverse.flip(0)], dim=1))
        return self.logits(context), weights


def main():
    small = Sentiment(vocabulary=50, embedding=12, hidden=20)
    fill(small, seed=1, bound=0.5, score=2)
    make_case("sentiment_small", small, make_batches(seed=2, vocabulary=50))

    full = Sentiment(vocabulary=60, embedding=100, hidden=128)
    fill(full, seed=3, bound=0.2, score=0.5, grid=1024)
    make_case("sentiment_full", full, make_batches(seed=4, vocabulary=60), rate=0.001,
              gradients_of=["ragged"], gradients_apart=True)


if __name__ == "__main__":
    main()
