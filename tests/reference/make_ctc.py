#!/usr/bin/python3
"""Reference numbers for models/ctc.rondo: what torch.nn.CTCLoss makes of scores for each step and labels without
times. Some labels need more steps than there are. See README.md."""

import random

import torch
from torch import nn
from torch.nn import functional as F

from reference import LENGTHS, fill, make_case

VOCABULARY, LABELS = 30, 6
LABEL_LENGTHS = {"single": [3], "equal": [6, 1, 3, 7], "ragged": [1, 3, 2, 5, 12, 5, 9]}


class Transcriber(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Embedding(VOCABULARY, 5)
        self.states = nn.GRU(5, 6)
        self.logits = nn.Linear(6, LABELS)

    def parts(self):
        return {"x": self.x, "states": self.states, "logits": self.logits}

    def run(self, batch):
        logits, costs = [], []
        for words, labels in batch:
            scores = self.logits(self.states(self.x(torch.tensor(words)).unsqueeze(1))[0].squeeze(1))
            costs.append(F.ctc_loss(F.log_softmax(scores, 1).unsqueeze(1), torch.tensor([labels]), [len(words)],
                                    [len(labels)], reduction="sum", zero_infinity=True))
            logits.append(scores)
        return torch.stack(costs).mean(), {"logits": torch.cat(logits)}

    def columns(self, batch):
        return {"tokens": torch.tensor([word for words, _ in batch for word in words]),
                "lengths": torch.tensor([len(words) for words, _ in batch]),
                "produced": torch.tensor([label for _, labels in batch for label in labels]),
                "produced_counts": torch.tensor([len(labels) for _, labels in batch])}


def transcribed(seed):
    generator = random.Random(seed)
    return {name: [([generator.randrange(VOCABULARY) for _ in range(length)],
                    [generator.randrange(1, LABELS) for _ in range(other)])
                   for length, other in zip(lengths, LABEL_LENGTHS[name])]
            for name, lengths in LENGTHS.items()}


if __name__ == "__main__":
    model = Transcriber()
    fill(model, 91, bound=0.8)
    make_case("ctc", model, transcribed(191))
