#!/usr/bin/python3
"""Reference numbers for the losses of the library: losses.safetensors.

Each loss is computed by PyTorch in float64 for a few examples, each alone (reduction="none", the
mean over the three numbers where a loss is of one number), with its gradient: scores = x * w, and
grad.NAME[i] is the gradient of the loss of example i with respect to w. The hinge losses, which
PyTorch lacks, are written out; scikit-learn's hinge_loss confirms them. Inputs are multiples of 1/8,
so that float32 holds them exactly; some are large, where a careless formula overflows. See README.md.
"""

import os
import random

import torch
from sklearn.metrics import hinge_loss
from torch.nn import functional as F

from reference import FOLDER, write_safetensors

EXAMPLES = 9


def numbers(generator, count, bound):
    return [generator.randrange(-8 * bound, 8 * bound + 1) / 8 for _ in range(count)]


def make_inputs():
    generator = random.Random(7)
    rows = [numbers(generator, 3, 3) for _ in range(EXAMPLES - 3)]
    rows += [numbers(generator, 3, 90) for _ in range(2)] + [[0.0, 0.0, 0.0]]
    return {
        "x": torch.tensor(rows),
        "y": torch.tensor([numbers(generator, 3, 3) for _ in range(EXAMPLES)]),
        "label": torch.tensor([i % 3 for i in range(EXAMPLES)]),
        "w": torch.tensor([0.5, -1.25, 1.0]),
    }


def one_vs_rest(scores, label):
    signs = 2.0 * F.one_hot(label, scores.shape[-1]) - 1
    return F.relu(1 - signs * scores).sum(-1)


WEIGHT = torch.tensor([1, 2.5, 0.5], dtype=torch.float64)
TWO = torch.tensor(2, dtype=torch.float64)

# Of scores [1, 3], y [1, 3] and label [1]; tests/unit/test_library.c has the same in Rondo.
LOSSES = {
    "cross_entropy": lambda s, y, l: F.cross_entropy(s, l),
    "smoothed": lambda s, y, l: F.cross_entropy(s, l, label_smoothing=0.1),
    "weighted": lambda s, y, l: F.cross_entropy(s, l, WEIGHT, reduction="sum"),
    "weighted_smoothed": lambda s, y, l: F.cross_entropy(
        s, l, WEIGHT, reduction="sum", label_smoothing=0.1),
    "binary": lambda s, y, l: F.binary_cross_entropy(torch.sigmoid(s / 4), torch.sigmoid(y)),
    "binary_with_logits": lambda s, y, l: F.binary_cross_entropy_with_logits(s, torch.sigmoid(y)),
    "binary_pos_weight": lambda s, y, l: F.binary_cross_entropy_with_logits(
        s, torch.sigmoid(y), pos_weight=TWO),
    "squared": lambda s, y, l: F.mse_loss(s, y),
    "absolute": lambda s, y, l: F.l1_loss(s, y),
    "huber": lambda s, y, l: F.huber_loss(s, y, delta=0.75),
    "smooth_l1": lambda s, y, l: F.smooth_l1_loss(s, y, beta=0.75),
    "multi_margin": lambda s, y, l: F.multi_margin_loss(s, l),
    "multi_margin_half": lambda s, y, l: F.multi_margin_loss(s, l, margin=0.5),
    "hinge": lambda s, y, l: F.relu(1 - torch.sign(y) * s).mean(),
    "one_vs_rest": lambda s, y, l: one_vs_rest(s, l).sum(),
}


def confirm_hinge(inputs):
    scores = (inputs["x"] * inputs["w"]).double()
    for i in range(EXAMPLES):
        signs = torch.sign(inputs["y"][i])
        if set(signs.tolist()) != {-1, 1}:
            continue  # hinge_loss wants both classes
        theirs = hinge_loss(signs.numpy(), scores[i].numpy())
        ours = LOSSES["hinge"](scores[i:i + 1], inputs["y"][i:i + 1].double(), None)
        assert abs(theirs - float(ours)) < 1e-12


def main():
    inputs = make_inputs()
    tensors = dict(inputs)
    for name, loss in LOSSES.items():
        values, gradients = [], []
        for i in range(EXAMPLES):
            w = inputs["w"].double().requires_grad_()
            scores = inputs["x"][i:i + 1].double() * w
            value = loss(scores, inputs["y"][i:i + 1].double(), inputs["label"][i:i + 1])
            value.backward()
            values.append(float(value))
            gradients.append(w.grad.tolist())
        tensors["value." + name] = torch.tensor(values, dtype=torch.float64)
        tensors["grad." + name] = torch.tensor(gradients, dtype=torch.float64)
    confirm_hinge(inputs)
    write_safetensors(os.path.join(FOLDER, "losses.safetensors"), tensors)


if __name__ == "__main__":
    main()
