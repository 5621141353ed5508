"""The workloads in DyNet: functions of the weights (those of the model in models.py, under its names)
and the inputs, all of one length. They return logits, in whose batch is every step of every text where
every step has a target: those of the first step, then of the second.

Cells are written as their equations, one product a gate. That is faster than the builders, which cut
one product into the gates and in the backward pass add the gates up again: W8 took 93 ms of CPU so, 111
with VanillaLSTMBuilder and 122 with CompactVanillaLSTMBuilder. GRUBuilder is another GRU than PyTorch's.
Products with the inputs of all steps at once, cut into steps, took 102 ms."""

import dynet as dy


class Weights:
    """Weights of PyTorch's model as DyNet's. A recurrent weight is one for each gate. Two biases are one
    where they have one sum: its gradient stands for both."""

    def __init__(self, given):
        self.given, self.all = given, dy.ParameterCollection()
        self.made = {}
        self.sharing = {}  # of a parameter: how many of PyTorch's it stands for, if not one

    def __call__(self, name):
        return self.get(name, lambda: self.all.parameters_from_numpy(self.given[name]))

    def table(self, name):
        return self.get(name, lambda: self.all.lookup_parameters_from_numpy(self.given[name]))

    def gate(self, name, gate, gates):
        return self.get((name, gate), lambda: self.all.parameters_from_numpy(
            self.part(name, gate, gates)))

    def biases(self, names, gate, gates):
        key = (*names, gate)
        if key not in self.made:
            total = sum(self.part(name, gate, gates) for name in names)
            self.made[key] = self.all.parameters_from_numpy(total)
            self.sharing[key] = len(names)
        return self.made[key]

    def part(self, name, gate, gates):
        size = len(self.given[name]) // gates
        return self.given[name][gate * size:(gate + 1) * size]

    def get(self, key, make):
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def squares(self):
        """The sum of all squared gradients, as PyTorch counts them."""
        return sum(self.sharing.get(key, 1) * (made.grad_as_array().astype(float) ** 2).sum()
                   for key, made in self.made.items())


# ---- layers ----


def linear(p, name, x):
    return dy.affine_transform([p(name + ".bias"), p(name + ".weight"), x])


def embedding(p, name, words):
    """An expression for each step."""
    return [dy.lookup_batch(p.table(name), step) for step in words.T.tolist()]


def lstm(p, name, xs):
    """The states of all steps."""
    w, u, *biases = (name % part for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    weights = [(p.biases(biases, k, 4), p.gate(w, k, 4), p.gate(u, k, 4)) for k in range(4)]

    def step(x, h, c):
        i, f, g, o = (dy.affine_transform([b, w, x, u, h]) for b, w, u in weights)
        c = dy.cmult(dy.logistic(f), c) + dy.cmult(dy.logistic(i), dy.tanh(g))
        return dy.cmult(dy.logistic(o), dy.tanh(c)), c

    return scan(step, xs, [len(p.given[u][0])] * 2)


def gru(p, name, xs):
    w, u, b, b_own = (name % part for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    (b_r, w_r, u_r), (b_z, w_z, u_z) = ((p.biases((b, b_own), k, 3), p.gate(w, k, 3), p.gate(u, k, 3))
                                        for k in range(2))
    b_n, w_n, own_n, u_n = (p.gate(name, 2, 3) for name in (b, w, b_own, u))

    def step(x, h):
        r = dy.logistic(dy.affine_transform([b_r, w_r, x, u_r, h]))
        z = dy.logistic(dy.affine_transform([b_z, w_z, x, u_z, h]))
        n = dy.affine_transform([b_n, w_n, x])
        n = dy.tanh(n + dy.cmult(r, dy.affine_transform([own_n, u_n, h])))
        return n + dy.cmult(z, h - n),

    return scan(step, xs, [len(p.given[u][0])])


def scan(step, xs, sizes):
    """A state is a tuple; the first of it is the result of a step."""
    state, results = [dy.zeros((size,), batch_size=xs[0].dim()[1]) for size in sizes], []
    for x in xs:
        state = step(x, *state)
        results.append(state[0])
    return results


def both_ways(net, p, name, xs):
    return net(p, name, xs), net(p, name + "_reverse", xs[::-1])[::-1]


def dropout(xs, p_dropout, training):
    return [dy.dropout(x, p_dropout) for x in xs] if training and p_dropout else xs


# ---- models ----


def attending(p, words, training=False):  # W2
    ways = both_ways(lstm, p, "lstm.%s_l0", embedding(p, "embedding.weight", words))
    states = dy.concatenate_cols([dy.concatenate(list(step)) for step in zip(*ways)])
    weights = dy.softmax(dy.transpose(linear(p, "score", states)))
    return linear(p, "linear", states * weights)


def mean_gru(p, words, training=False):  # W3
    ways = both_ways(gru, p, "gru.%s_l0", embedding(p, "embedding.weight", words))
    return linear(p, "linear", dy.concatenate([dy.average(way) for way in ways]))


def one_way(p, words, training=False):  # W8
    return linear(p, "linear", lstm(p, "cell.%s_l0", embedding(p, "embedding.weight", words))[-1])


def tagger(p, words, training=False):  # W9
    ways = both_ways(lstm, p, "lstm.%s_l0", embedding(p, "embedding.weight", words))
    return linear(p, "linear", dy.concatenate([dy.concatenate_to_batch(way) for way in ways]))


def language(layers, p_dropout=0.0):  # W4, W5, C1
    def run(p, words, training=False):
        x = dropout(embedding(p, "embedding.weight", words), p_dropout, training)
        for layer in range(layers):
            x = dropout(lstm(p, "lstm.%%s_l%d" % layer, x), p_dropout, training)
        return linear(p, "linear", dy.concatenate_to_batch(x))

    return run


WORKLOADS = {"w2": attending, "w3": mean_gru, "w4": language(2, 0.2), "w5": language(2), "w8": one_way,
             "w9": tagger, "c1": language(1)}
