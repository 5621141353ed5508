#!/usr/bin/python3
"""Reference numbers for models that read numbers: models/rnn_equations.rondo, models/forecast.rondo.
See README.md."""

import random

import torch
from torch import nn
from torch.nn import functional as F

from reference import LENGTHS, fill, make_case

FRAME, STATE = 5, 9


class Equation(nn.Module):
    """h' = tanh(Wx x + Wh h + b)"""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.Wx = nn.Parameter(torch.empty(hidden, inputs))
        self.Wh = nn.Parameter(torch.empty(hidden, hidden))
        self.b = nn.Parameter(torch.empty(hidden))

    def forward(self, x):
        h = torch.zeros_like(self.b)
        for x_t in x:
            h = torch.tanh(self.Wx @ x_t + self.Wh @ h + self.b)
        return h


class Numbers(nn.Module):
    """An example is a dict of what the model's columns have: lists of numbers, or a label."""

    def parts(self):
        return dict(self.layers.items())

    def columns(self, batch):
        """{column: all of a batch}"""
        rows = {key: torch.tensor([value for example in batch for value in example[key]])
                for key in batch[0] if key != "label"}
        if "label" in batch[0]:
            rows["labels"] = torch.tensor([example["label"] for example in batch])
        rows["lengths"] = torch.tensor([len(example["x"]) for example in batch])
        return rows

    def tensor(self, values):
        return torch.tensor(values, dtype=next(self.parameters()).dtype)


class RnnEquations(Numbers):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({
            "rnn": nn.ModuleDict({"linear": nn.Linear(FRAME + STATE, STATE)}),
            "equation": Equation(FRAME, 7), "predictions": nn.Linear(STATE, 3),
            "logits": nn.Linear(3 + STATE + 7, 2)})

    def forward(self, example):
        x, h = self.tensor(example["x"]), self.tensor(example["start"][0])
        states = []
        for x_t in x:
            h = torch.relu(self.layers["rnn"]["linear"](torch.cat([x_t, h])))
            states.append(h)
        predictions = self.layers["predictions"](torch.stack(states))
        pooled = torch.cat([predictions.mean(dim=0), h, self.layers["equation"](x)])
        return self.layers["logits"](pooled), predictions

    def run(self, batch):
        outputs = [self(example) for example in batch]
        logits = torch.stack([output[0] for output in outputs])
        loss = F.cross_entropy(logits, torch.tensor([example["label"] for example in batch]))
        return loss, {"logits": logits, "predictions": torch.cat([output[1] for output in outputs])}


class Forecast(Numbers):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({"states": nn.LSTM(2, 8), "linear": nn.Linear(8, 1)})

    def forward(self, example):
        x = self.tensor(example["x"])
        states, _ = self.layers["states"](x)
        return x[-1, 0] + self.layers["linear"](states[-1])[0]

    def run(self, batch):
        prediction = torch.stack([self(example) for example in batch])
        y = self.tensor([example["y"][0] for example in batch])
        return F.mse_loss(prediction, y), {"prediction": prediction}


def make_batches(seed, make_example):
    """Numbers are multiples of 1/64, so that float32 has them exactly."""
    generator = random.Random(seed)

    def number():
        return round(generator.gauss(0, 1) * 64) / 64

    return {name: [make_example(number, length, i) for i, length in enumerate(lengths)]
            for name, lengths in LENGTHS.items()}


def labelled(number, length, i):
    return {"x": [[number() for _ in range(FRAME)] for _ in range(length)],
            "start": [[number() for _ in range(STATE)]], "label": i % 2}


def valued(number, length, _):
    return {"x": [[number(), number()] for _ in range(length)], "y": [number()]}


def main():
    for seed, (case, model, make_example) in enumerate(
            [("rnn_equations", RnnEquations(), labelled), ("forecast", Forecast(), valued)], start=50):
        fill(model, seed, bound=0.5)
        make_case(case, model, make_batches(seed + 100, make_example))


if __name__ == "__main__":
    main()
