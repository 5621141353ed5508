#!/usr/bin/python3
"""Reference numbers for models/translation.rondo, an encoder and a decoder with attention, and for models/stream.rondo, a
language model that goes on from a state. See README.md."""

import random

import torch
from torch import nn
from torch.nn import functional as F

from reference import LENGTHS, fill, make_batches, make_case

GERMAN, ENGLISH, MARK = 30, 20, 1
ENGLISH_LENGTHS = {"single": [5], "equal": [4] * 4, "ragged": [4, 1, 9, 12, 30, 2, 17]}


class Attention(nn.Module):
    def __init__(self, query, keys, size):
        super().__init__()
        self.score = nn.Parameter(torch.empty(size))
        self.asked = nn.Linear(query, size)
        self.linear = nn.Linear(keys, size)

    def forward(self, query, keys):
        weights = torch.softmax(torch.tanh(self.linear(keys) + self.asked(query)) @ self.score, 0)
        return weights @ keys, weights


class Translation(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Embedding(GERMAN, 6)
        self.there, self.back = nn.GRU(6, 5), nn.GRU(6, 5)
        self.first = nn.Linear(10, 7)
        self.y = nn.Embedding(ENGLISH, 6)
        self.attention = Attention(7, 10, 4)
        self.cell = nn.GRUCell(16, 7)
        self.logits = nn.Linear(7, ENGLISH)

    def parts(self):
        return {"x": self.x, "forward": self.there, "reverse": self.back, "linear": self.first, "y": self.y,
                "decoder.additive_attention": self.attention, "decoder.new": self.cell, "logits": self.logits}

    def forward(self, german, english):
        x = self.x(german).unsqueeze(1)
        there, last = self.there(x)
        back, first = self.back(x.flip(0))
        keys = torch.cat([there, back.flip(0)], 2).squeeze(1)
        s = torch.tanh(self.first(torch.cat([last, first], 2).view(-1)))
        scores, attention = [], []
        for y in self.y(torch.tensor([MARK] + english[:-1])):
            context, weights = self.attention(s, keys)
            s = self.cell(torch.cat([y, context]), s)
            scores.append(self.logits(s))
            attention.append(weights)
        return torch.stack(scores), torch.cat(attention)

    def run(self, batch):
        outputs = [self(torch.tensor(german), english) for german, english in batch]
        logits = torch.cat([output[0] for output in outputs])
        words = torch.tensor([word for _, english in batch for word in english])
        return F.cross_entropy(logits, words), {"logits": logits,
                                                "attention": torch.cat([output[1] for output in outputs])}

    def columns(self, batch):
        return {"tokens": torch.tensor([word for german, _ in batch for word in german]),
                "lengths": torch.tensor([len(german) for german, _ in batch]),
                "produced": torch.tensor([word for _, english in batch for word in english]),
                "produced_counts": torch.tensor([len(english) for _, english in batch])}


class Stream(nn.Module):
    """Each example starts from states of its own, through which no gradient flows."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(GERMAN, 8)
        self.states = nn.LSTM(8, 6, num_layers=2)
        self.logits = nn.Linear(6, GERMAN)

    def parts(self):
        return {"embedding": self.embedding, "states": self.states, "logits": self.logits}

    def run(self, batch):
        logits = []
        for words, state in batch:
            x = self.embedding(torch.tensor([MARK] + words[:-1])).unsqueeze(1)
            h, c = (part.to(x.dtype).view(2, 1, 6) for part in state)
            logits.append(self.logits(self.states(x, (h, c))[0].squeeze(1)))
        words = torch.tensor([word for words, _ in batch for word in words])
        return F.cross_entropy(torch.cat(logits), words), {"logits": torch.cat(logits)}

    def columns(self, batch):
        columns = {"tokens": torch.tensor([word for words, _ in batch for word in words]),
                   "lengths": torch.tensor([len(words) for words, _ in batch])}
        for which, name in enumerate(["h", "c"]):
            for layer in range(2):
                columns["states.l%d.%s" % (layer, name)] = torch.stack(
                    [state[which][layer] for _, state in batch])
        return columns


def translations(seed):
    generator = random.Random(seed)
    return {name: [([generator.randrange(GERMAN) for _ in range(length)],
                    [generator.randrange(ENGLISH) for _ in range(other)])
                   for length, other in zip(lengths, ENGLISH_LENGTHS[name])]
            for name, lengths in LENGTHS.items()}


def streams(seed):
    generator = random.Random(seed)

    def state():
        return torch.tensor([[round(generator.uniform(-1, 1), 3) for _ in range(6)] for _ in range(2)])

    return {name: [(words, (state(), state())) for words, _ in batch]
            for name, batch in make_batches(seed, GERMAN).items()}


def main():
    model = Translation()
    fill(model, 81, bound=0.8)
    make_case("translation", model, translations(181))
    model = Stream()
    fill(model, 82, bound=0.8)
    make_case("stream", model, streams(182))


if __name__ == "__main__":
    main()
