#!/usr/bin/python3
"""Reference numbers for models/ctc.rondo, the model of examples/digits_ctc.rondo on a small scale: what
torch.nn.CTCLoss makes of scores for each frame and labels without times. Some labels need more steps than there are.
See README.md."""

import random

import torch
from torch import nn
from torch.nn import functional as F

from reference import LENGTHS, fill, make_case

FRAME, LABELS = 5, 6
LABEL_LENGTHS = {"single": [3], "equal": [6, 1, 3, 7], "ragged": [1, 3, 2, 5, 12, 5, 9]}


class Transcriber(nn.Module):
    def __init__(self):
        super().__init__()
        self.states = nn.GRU(FRAME, 6)
        self.reverse = nn.GRU(FRAME, 6)
        self.logits = nn.Linear(12, LABELS)

    def parts(self):
        return {"states": self.states, "reverse": self.reverse, "logits": self.logits}

    def run(self, batch):
        logits, costs = [], []
        for frames, labels in batch:
            x = torch.tensor(frames, dtype=self.logits.weight.dtype).unsqueeze(1)
            states = torch.cat([self.states(x)[0], self.reverse(x.flip(0))[0].flip(0)], 2).squeeze(1)
            scores = self.logits(states)
            costs.append(F.ctc_loss(F.log_softmax(scores, 1).unsqueeze(1), torch.tensor([labels]), [len(frames)],
                                    [len(labels)], reduction="sum", zero_infinity=True))
            logits.append(scores)
        return torch.stack(costs).mean(), {"logits": torch.cat(logits)}

    def columns(self, batch):
        return {"x": torch.tensor([frame for frames, _ in batch for frame in frames]),
                "lengths": torch.tensor([len(frames) for frames, _ in batch]),
                "produced": torch.tensor([label for _, labels in batch for label in labels]),
                "produced_counts": torch.tensor([len(labels) for _, labels in batch])}


def transcribed(seed):
    generator = random.Random(seed)
    return {name: [([[generator.randrange(-64, 65) / 32 for _ in range(FRAME)] for _ in range(length)],
                    [generator.randrange(1, LABELS) for _ in range(other)])
                   for length, other in zip(lengths, LABEL_LENGTHS[name])]
            for name, lengths in LENGTHS.items()}


if __name__ == "__main__":
    model = Transcriber()
    fill(model, 91, bound=0.8)
    make_case("ctc", model, transcribed(191))
