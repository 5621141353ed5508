"""What torch.optim computes: optimizers.safetensors, for 50 steps of each optimizer and schedule.

Each case of CASES takes the 50 gradients of `gradients` [50, N] one after the other, from the
parameter `start` [N] on, and keeps the parameter after each step: `param.<case>` [50, N].
Each case of RATES keeps the rate of each of 50 steps: `rate.<case>` [50]. A schedule is stepped
after each step of the optimizer, or after each EPOCH of them, with LOSSES as what is to fall. All in
float64 from numbers that float32 holds exactly.
"""

import os
import random

import torch
from torch import optim
from torch.optim import lr_scheduler as lr

from reference import FOLDER, write_safetensors

STEPS, N, EPOCH = 50, 7, 5

# the name that the test knows, and the optimizer
CASES = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "sgd_momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "sgd_nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: optim.RMSprop(p),
    "rmsprop_momentum": lambda p: optim.RMSprop(p, alpha=0.9, momentum=0.5, weight_decay=0.01),
    "rmsprop_centered": lambda p: optim.RMSprop(p, alpha=0.9, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p),
    "adagrad_decay": lambda p: optim.Adagrad(
        p, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.5),
    "adadelta": lambda p: optim.Adadelta(p),
    "adadelta_decay": lambda p: optim.Adadelta(p, lr=0.5, rho=0.8, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p),
    "adam_amsgrad": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.01, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p),
    "adamw_decay": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1, amsgrad=True),
    "clip_value": lambda p: optim.SGD(p, lr=0.1),
    "clip_norm": lambda p: optim.SGD(p, lr=0.1),
}
CLIP_VALUE, CLIP_NORM = 0.25, 0.5

RATE = 0.5

# the name that the test knows: whether it is stepped at each step, and the schedulers
RATES = {
    "steps": (False, [lambda o: lr.StepLR(o, 3)]),
    "steps_per_step": (True, [lambda o: lr.StepLR(o, 7, gamma=0.5)]),
    "cosine": (False, [lambda o: lr.CosineAnnealingLR(o, 6)]),
    "cosine_per_step": (True, [lambda o: lr.CosineAnnealingLR(o, 20, eta_min=0.01)]),
    "linear": (False, [lambda o: lr.LinearLR(o)]),
    "linear_per_step": (True, [lambda o: lr.LinearLR(o, 0.1, 0.9, 30)]),
    "product": (True, [lambda o: lr.LinearLR(o, 0.1, 1, 10), lambda o: lr.CosineAnnealingLR(o, 50)]),
    "plateau": (False, [lambda o: lr.ReduceLROnPlateau(o, patience=1)]),
    "plateau_cooldown": (False, [lambda o: lr.ReduceLROnPlateau(
        o, factor=0.5, patience=0, threshold=0.1, cooldown=1, min_lr=0.1)]),
}
LOSSES = [3.0, 2.0, 2.1, 2.05, 1.9, 1.95, 1.95, 1.85, 1.849, 1.8]


def grid(values):
    """The nearest numbers that float32 holds."""
    return torch.tensor([round(value * 4096) / 4096 for value in values], dtype=torch.float64)


def make_gradients(generator):
    """Of all sizes, and now and then zero, as those of a rare word are."""
    rows = []
    for _ in range(STEPS):
        row = [generator.gauss(0.2, 1) * 4.0 ** (i - 4) for i in range(N)]
        row[1] = row[1] if generator.random() < 0.3 else 0.0
        rows.append(grid(row))
    return torch.stack(rows)


def follow(make, start, gradients, clip):
    """The parameter after each step."""
    parameter = torch.nn.Parameter(start.clone())
    optimizer = make([parameter])
    after = []
    for gradient in gradients:
        parameter.grad = gradient.clone()
        clip([parameter])
        optimizer.step()
        after.append(parameter.detach().clone())
    return torch.stack(after)


def rates(per_step, makers):
    """The rate of each step."""
    optimizer = optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    schedulers = [make(optimizer) for make in makers]
    used = []
    for step in range(STEPS):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if not per_step and (step + 1) % EPOCH:
            continue
        for scheduler in schedulers:
            if isinstance(scheduler, lr.ReduceLROnPlateau):
                scheduler.step(LOSSES[step // EPOCH])
            else:
                scheduler.step()
    return torch.tensor(used, dtype=torch.float64)


def main():
    generator = random.Random(1)
    start = grid([generator.gauss(0, 1) for _ in range(N)])
    gradients = make_gradients(generator)
    tensors = {"start": start, "gradients": gradients}
    for case, make in CASES.items():
        clip = lambda _: None
        if case == "clip_value":
            clip = lambda p: torch.nn.utils.clip_grad_value_(p, CLIP_VALUE)
        if case == "clip_norm":
            clip = lambda p: torch.nn.utils.clip_grad_norm_(p, CLIP_NORM)
        tensors["param." + case] = follow(make, start, gradients, clip)
    for case, (per_step, makers) in RATES.items():
        tensors["rate." + case] = rates(per_step, makers)
    tensors["losses"] = torch.tensor(LOSSES, dtype=torch.float64)
    size = write_safetensors(os.path.join(FOLDER, "optimizers.safetensors"), tensors)
    print("%-18s %7.1f KB" % ("optimizers", size / 1024))


if __name__ == "__main__":
    main()
