#!/usr/bin/python3
"""Reference numbers for the cells of examples/cells: cells/<name>.safetensors. Each cell is written
here a second time, from its paper, in plain operations of PyTorch, which differentiates it. See
README.md."""

import os

import torch
from torch import nn, sigmoid, tanh

from reference import FOLDER, fill, make_batches, make_case

VOCABULARY, EMBEDDING, HIDDEN = 30, 6, 7
KEY = 1  # of the random numbers


def spread(x):
    """The hash of runtime/simd.h (lowbias32 by C. Wellons)."""
    x ^= x >> 16
    x = x * 0x7FEB352D & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x846CA68B & 0xFFFFFFFF
    return x ^ x >> 16


def mask(stream, row, columns, drop):
    """What a compiled program draws for a row of the packed batch: 0 or 1 / (1 - drop)."""
    base = spread(spread(KEY ^ spread(spread(stream))) ^ spread(row))
    limit = int(drop * 2**32)
    return torch.tensor([0 if spread(base + i & 0xFFFFFFFF) < limit else 1 / (1 - drop)
                         for i in range(columns)])


class Recurrence(nn.Module):
    """Runs step(p, x, *state) -> state from zeros, p giving the parameters and masks by name. Of the
    parameters' names "__" stands for a dot."""

    def __init__(self, step, states, **shapes):
        super().__init__()
        self.step, self.states = step, states
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))

    def forward(self, x, place):
        state, steps = [torch.zeros(size, dtype=x.dtype) for size in self.states], []
        for t, x_t in enumerate(x):
            self.place = (place[0], place[1][t])
            state = self.step(self, x_t, *state)
            steps.append(state[0])
        return torch.stack(steps)

    def mask(self, stream, columns, drop, each_step):
        """One for each step, or the same one for all steps of an example."""
        if not self.training:
            return 1
        return mask(stream, self.place[each_step], columns, drop)


class Classifier(nn.Module):
    """Classified by the mean of the states and the last of them."""

    def __init__(self, recurrence):
        super().__init__()
        self.x = nn.Embedding(VOCABULARY, EMBEDDING)
        self.states = recurrence
        self.logits = nn.Linear(recurrence.states[0], 2)

    def parts(self):
        return {"x": self.x, "states": self.states, "logits": self.logits}

    def begin(self, batch):
        """Where the examples' rows lie in the packed batch: ordered by falling length, the rows of
        a step together."""
        self.at, lengths = 0, [len(words) for words, _ in batch]
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        self.places = []
        for i, length in enumerate(lengths):
            example = order.index(i)
            self.places.append((example, [example + sum(min(n, t) for n in lengths)
                                          for t in range(length)]))

    def forward(self, words):
        states = self.states(self.x(words), self.places[self.at])
        self.at += 1
        return self.logits(states.mean(dim=0) + states[-1]), None


def lstm(p, x, h, c, weights=""):
    gates = getattr(p, weights + "weight_ih") @ x + getattr(p, weights + "weight_hh") @ h
    gates = gates + getattr(p, weights + "bias_ih") + getattr(p, weights + "bias_hh")
    i, f, g, o = gates.chunk(4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def peephole_lstm(p, x, h, c):
    i, f, g, o = (p.weight_ih @ x + p.weight_hh @ h + p.bias).chunk(4)
    i, f = sigmoid(i + p.peep_i * c), sigmoid(f + p.peep_f * c)
    c = f * c + i * tanh(g)
    return sigmoid(o + p.peep_o * c) * tanh(c), c


def coupled_lstm(p, x, h, c):
    f, g, o = (p.weight_ih @ x + p.weight_hh @ h + p.bias).chunk(3)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * tanh(g)
    return sigmoid(o) * tanh(c), c


def layer_norm(p, name, x):
    return nn.functional.layer_norm(x, x.shape, getattr(p, name + "__weight"),
                                    getattr(p, name + "__bias"))


def layer_norm_lstm(p, x, h, c):
    seen, known = layer_norm(p, "seen", p.weight_ih @ x), layer_norm(p, "known", p.weight_hh @ h)
    i, f, g, o = (seen + known + p.bias).chunk(4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(layer_norm(p, "normed", c)), c


def minimal_gated_unit(p, x, h):
    f = sigmoid(p.weight_f @ x + p.recur_f @ h + p.bias_f)
    n = tanh(p.weight_n @ x + p.recur_n @ (f * h) + p.bias_n)
    return ((1 - f) * h + f * n,)


def indrnn(p, x, h):
    return (torch.relu(p.weight @ x + p.recur * h + p.bias),)


def recurrent_highway(p, x, s):
    for i in range(3):
        pre = getattr(p, "recur__%d" % i) @ s + getattr(p, "bias__%d" % i)
        n, t = (pre + p.weight @ x if i == 0 else pre).chunk(2)
        s = tanh(n) * sigmoid(t) + s * (1 - sigmoid(t))
    return (s,)


def sru(p, x, h, c):
    u, f, r = (p.weight @ x).chunk(3)
    f, r = sigmoid(f + p.recur_f * c + p.bias_f), sigmoid(r + p.recur_r * c + p.bias_r)
    c = f * c + (1 - f) * u
    return r * c + (1 - r) * x, c


def qrnn(p, x, h, c, before):
    z, f, o = (p.weight @ torch.cat([before, x]) + p.bias).chunk(3)
    c = sigmoid(f) * c + (1 - sigmoid(f)) * tanh(z)
    return sigmoid(o) * c, c, x


def multiplicative_lstm(p, x, h, c):
    m = (p.weight_mx @ x) * (p.weight_mh @ h)
    i, f, g, o = (p.weight_ih @ x + p.weight_hh @ m + p.bias).chunk(4)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def zoneout_lstm(p, x, h, c):
    new_h, new_c = lstm(p, x, h, c, "lstm__")
    m_h, m_c = (1 - 0.15) * p.mask(0, len(h), 0.15, True), 0.5 * p.mask(1, len(c), 0.5, True)
    return m_h * new_h + (1 - m_h) * h, m_c * new_c + (1 - m_c) * c


def variational_lstm(p, x, h, c):
    return lstm(p, x * p.mask(0, len(x), 0.25, False), h * p.mask(1, len(h), 0.25, False), c, "lstm__")


def jordan(p, x, y):
    hidden = sigmoid(p.weight_ih @ x + p.weight_yh @ y + p.bias_h)
    return (sigmoid(p.weight_hy @ hidden + p.bias_y),)


def fastgrnn(p, x, h):
    pre = p.weight @ x + p.recur @ h
    z = sigmoid(pre + p.bias_z)
    return ((sigmoid(p.zeta) * (1 - z) + sigmoid(p.nu)) * tanh(pre + p.bias_n) + z * h,)


def ugrnn(p, x, h):
    g, n = (p.weight @ x + p.recur @ h + p.bias).chunk(2)
    return (sigmoid(g) * h + (1 - sigmoid(g)) * tanh(n),)


def janet(p, x, c):
    s, n = (p.weight @ x + p.recur @ c + p.bias).chunk(2)
    return (sigmoid(s) * c + (1 - sigmoid(s - 1)) * tanh(n),)


def antisymmetric(p, x, h):
    matrix = p.recur - p.recur.T - 0.01 * torch.eye(len(h), dtype=h.dtype)
    return (h + 0.1 * tanh(matrix @ h + p.weight @ x + p.bias),)


def cornn(p, y, h, v):
    force = tanh(p.recur_h @ h + p.recur_v @ v + p.weight @ y + p.bias)
    v = v + 0.1 * (force - h - v)
    return h + 0.1 * v, v


def bistable(p, x, h):
    a, c, n = (p.weight @ x + p.bias).chunk(3)
    c = sigmoid(c + p.recur_c * h)
    return (c * h + (1 - c) * tanh(n + (1 + tanh(a + p.recur_a * h)) * h),)


def projected_lstm(p, x, h, c):
    h, c = lstm(p, x, h, c)
    return p.weight_hr @ h, c


def lstm_equations(p, x, h, c):
    i = sigmoid(p.W_i @ x + p.U_i @ h + p.b_i)
    f = sigmoid(p.W_f @ x + p.U_f @ h + p.b_f)
    g = tanh(p.W_g @ x + p.U_g @ h + p.b_g)
    o = sigmoid(p.W_o @ x + p.U_o @ h + p.b_o)
    c = f * c + i * g
    return o * tanh(c), c


def cells():
    I, H = EMBEDDING, HIDDEN
    one, two, packed = [H], [H, H], lambda n, bias="bias": {
        "weight_ih": (n * H, I), "weight_hh": (n * H, H), bias: (n * H,)}
    plain = lambda n: {"weight": (n * H, I), "recur": (n * H, H), "bias": (n * H,)}
    norms = lambda **sizes: {"%s__%s" % (name, part): (size,) for name, size in sizes.items()
                             for part in ("weight", "bias")}
    torch_lstm = lambda scope, h=H: {scope + "weight_ih": (4 * H, I), scope + "weight_hh": (4 * H, h),
                                     scope + "bias_ih": (4 * H,), scope + "bias_hh": (4 * H,)}
    return {
        "peephole_lstm": Recurrence(peephole_lstm, two, **packed(4), peep_i=(H,), peep_f=(H,),
                                    peep_o=(H,)),
        "coupled_lstm": Recurrence(coupled_lstm, two, **packed(3)),
        "layer_norm_lstm": Recurrence(layer_norm_lstm, two, **packed(4),
                                      **norms(seen=4 * H, known=4 * H, normed=H)),
        "minimal_gated_unit": Recurrence(minimal_gated_unit, one, weight_f=(H, I), recur_f=(H, H),
                                         bias_f=(H,), weight_n=(H, I), recur_n=(H, H), bias_n=(H,)),
        "indrnn": Recurrence(indrnn, one, weight=(H, I), recur=(H,), bias=(H,)),
        "recurrent_highway": Recurrence(
            recurrent_highway, one, weight=(2 * H, I),
            **{"recur__%d" % i: (2 * H, H) for i in range(3)},
            **{"bias__%d" % i: (2 * H,) for i in range(3)}),
        "sru": Recurrence(sru, [I, I], weight=(3 * I, I), recur_f=(I,), recur_r=(I,), bias_f=(I,),
                          bias_r=(I,)),
        "qrnn": Recurrence(qrnn, [H, H, I], weight=(3 * H, 2 * I), bias=(3 * H,)),
        "multiplicative_lstm": Recurrence(multiplicative_lstm, two, **packed(4), weight_mx=(H, I),
                                          weight_mh=(H, H)),
        "zoneout_lstm": Recurrence(zoneout_lstm, two, **torch_lstm("lstm__")),
        "variational_lstm": Recurrence(variational_lstm, two, **torch_lstm("lstm__")),
        "jordan": Recurrence(jordan, one, weight_ih=(H, I), weight_yh=(H, H), bias_h=(H,),
                             weight_hy=(H, H), bias_y=(H,)),
        "fastgrnn": Recurrence(fastgrnn, one, weight=(H, I), recur=(H, H), bias_z=(H,), bias_n=(H,),
                               zeta=(), nu=()),
        "ugrnn": Recurrence(ugrnn, one, **plain(2)),
        "janet": Recurrence(janet, one, **plain(2)),
        "antisymmetric": Recurrence(antisymmetric, one, **plain(1)),
        "cornn": Recurrence(cornn, two, weight=(H, I), recur_h=(H, H), recur_v=(H, H), bias=(H,)),
        "bistable": Recurrence(bistable, one, weight=(3 * H, I), recur_a=(H,), recur_c=(H,),
                               bias=(3 * H,)),
        "projected_lstm": Recurrence(projected_lstm, [4, H], **torch_lstm("", 4), weight_hr=(4, H)),
        "lstm_equations": Recurrence(
            lstm_equations, two, **{"W_" + g: (H, I) for g in "ifgo"},
            **{"U_" + g: (H, H) for g in "ifgo"}, **{"b_" + g: (H,) for g in "ifgo"}),
    }


def main():
    os.makedirs(os.path.join(FOLDER, "cells"), exist_ok=True)
    for seed, (name, recurrence) in enumerate(cells().items(), start=30):
        model = Classifier(recurrence)
        fill(model, seed, bound=0.5)
        make_case("cells/" + name, model, make_batches(seed + 100, VOCABULARY),
                  gradients_of=["ragged"], masked="mask" in recurrence.step.__code__.co_names)


if __name__ == "__main__":
    main()
