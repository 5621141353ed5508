#!/usr/bin/python3
"""Reference numbers for bilstm_crf: the likelihood and the best path of a conditional random field in
plain operations of PyTorch, which differentiates them. On short sentences all paths are gone through
one by one, and must say the same. See README.md."""

import itertools
import random

import torch
from torch import nn

from reference import LENGTHS, fill, make_case

VOCABULARY, EMBEDDING, HIDDEN, TAGS = 30, 5, 4, 4


class Field(nn.Module):
    """transition[to, from], as the library's `crf` has it."""

    def __init__(self):
        super().__init__()
        self.transition = nn.Parameter(torch.empty(TAGS, TAGS))
        self.start = nn.Parameter(torch.empty(TAGS))
        self.end = nn.Parameter(torch.empty(TAGS))

    def path_score(self, scores, tags):
        total = self.start[tags[0]] + self.end[tags[-1]] + scores[0, tags[0]]
        for t in range(1, len(tags)):
            total = total + self.transition[tags[t], tags[t - 1]] + scores[t, tags[t]]
        return total

    def log_total(self, scores):
        alpha = self.start + scores[0]
        for row in scores[1:]:
            alpha = torch.logsumexp(self.transition + alpha, dim=1) + row
        return torch.logsumexp(alpha + self.end, dim=0)

    def best_path(self, scores):
        best, origins = self.start + scores[0], []
        for row in scores[1:]:
            value, origin = torch.max(self.transition + best, dim=1)
            best = value + row
            origins.append(origin)
        path = [int(torch.argmax(best + self.end))]
        for origin in reversed(origins):
            path.append(int(origin[path[-1]]))
        return path[::-1]

    def check(self, scores):
        paths = list(itertools.product(range(TAGS), repeat=len(scores)))
        all_scores = torch.stack([self.path_score(scores, path) for path in paths])
        assert torch.allclose(torch.logsumexp(all_scores, dim=0), self.log_total(scores))
        assert list(paths[int(torch.argmax(all_scores))]) == self.best_path(scores)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Embedding(VOCABULARY, EMBEDDING)
        self.forward_lstm = nn.LSTM(EMBEDDING, HIDDEN)
        self.reverse_lstm = nn.LSTM(EMBEDDING, HIDDEN)
        self.logits = nn.Linear(2 * HIDDEN, TAGS)
        self.crf = Field()

    def parts(self):
        return {"x": self.x, "forward": self.forward_lstm, "reverse": self.reverse_lstm,
                "logits": self.logits, "crf": self.crf}

    def forward(self, words):
        x = self.x(words)
        ahead, back = self.forward_lstm(x)[0], self.reverse_lstm(x.flip(0))[0].flip(0)
        return self.logits(torch.cat([ahead, back], dim=1)), None

    def cost(self, scores, tags):
        if len(scores) <= 5:
            with torch.no_grad():
                self.crf.check(scores)
        return self.crf.log_total(scores) - self.crf.path_score(scores, tags)

    def path(self, scores):
        return self.crf.best_path(scores)


def make_tagged(seed):
    generator = random.Random(seed)
    return {name: [([generator.randrange(VOCABULARY) for _ in range(length)],
                    [generator.randrange(TAGS) for _ in range(length)]) for length in lengths]
            for name, lengths in LENGTHS.items()}


if __name__ == "__main__":
    model = Tagger()
    fill(model, 1, 1.0)
    make_case("bilstm_crf", model, make_tagged(2))
