#!/usr/bin/python3
"""Reference numbers for language models: models/language.rondo, models/language_tied.rondo and models/sampled.rondo.
See README.md."""

import torch
from torch import nn
from torch.nn import functional as F

from reference import fill, make_batches, make_case

VOCABULARY, MARK = 30, 1


class Table(nn.Module):
    """The table of an embedding and the bias of the layer that shares it."""

    def __init__(self, size):
        super().__init__()
        self.table = nn.Parameter(torch.empty(VOCABULARY, size))
        self.logits__bias = nn.Parameter(torch.empty(VOCABULARY))


class Language(nn.Module):
    """Scores of each word from the words before it, of which the first is the mark."""

    def run(self, batch):
        logits = [self(torch.tensor([MARK] + words[:-1])) for words, _ in batch]
        words = torch.tensor([word for words, _ in batch for word in words])
        return F.cross_entropy(torch.cat(logits), words), {"logits": torch.cat(logits)}

    def columns(self, batch):
        return {"tokens": torch.tensor([word for words, _ in batch for word in words]),
                "lengths": torch.tensor([len(words) for words, _ in batch])}


class Untied(Language):
    def __init__(self):
        super().__init__()
        self.x = nn.Embedding(VOCABULARY, 8)
        self.states = nn.LSTM(8, 12, num_layers=2)
        self.logits = nn.Linear(12, VOCABULARY)

    def parts(self):
        return {"x": self.x, "states": self.states, "logits": self.logits}

    def forward(self, words):
        return self.logits(self.states(self.x(words).unsqueeze(1))[0].squeeze(1))


class Tied(Language):
    def __init__(self):
        super().__init__()
        self.shared = Table(12)
        self.states = nn.GRU(12, 12)

    def parts(self):
        return {"": self.shared, "states": self.states}

    def forward(self, words):
        states = self.states(F.embedding(words, self.shared.table).unsqueeze(1))[0].squeeze(1)
        return F.linear(states, self.shared.table, self.shared.logits__bias)


class Sampled(Language):
    """In training behind each word but the first stands the one that is the most probable behind the words of the data."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 8)
        self.states = nn.GRU(8, 12)
        self.logits = nn.Linear(12, VOCABULARY)

    def parts(self):
        return {"embedding": self.embedding, "states": self.states, "logits": self.logits}

    def scores(self, words):
        return self.logits(self.states(self.embedding(words).unsqueeze(1))[0].squeeze(1))

    def forward(self, words):
        if not self.training:
            return self.scores(words)
        with torch.no_grad():
            best, guesses = self.scores(words).topk(2)
        assert (best[:, 0] - best[:, 1]).min() > 1e-5, "a guess that rounding could change"
        return self.scores(torch.cat([words[:1], guesses[:-1, 0]]))


def main():
    model = Untied()
    fill(model, 71, bound=0.8)
    make_case("language", model, make_batches(171, VOCABULARY))
    model = Tied()
    fill(model, 72, bound=0.8)
    make_case("language_tied", model, make_batches(172, VOCABULARY))
    model = Sampled()
    fill(model, 73, bound=0.8)
    make_case("sampled", model, make_batches(173, VOCABULARY), masked=True)


if __name__ == "__main__":
    main()
