#!/usr/bin/python3
"""Reference numbers for the library's layers, each in a small classifier of its own: the models
models/<case>.rondo. Everything but the second kind of GRU is PyTorch's own layer. See README.md."""

import torch
from torch import nn

from reference import fill, make_batches, make_case

VOCABULARY, EMBEDDING, HIDDEN = 30, 8, 12


class GruResetBefore(nn.Module):
    """The library's gru_reset_before: the reset gate acts on the state before the product, in nn.GRU
    on the product; and z leads to the new state, in nn.GRU to the old one. The gates stand in the
    order r, z, n in both."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(3 * hidden, inputs))
        self.weight_hh = nn.Parameter(torch.empty(3 * hidden, hidden))
        self.bias = nn.Parameter(torch.empty(3 * hidden))

    def forward(self, x):
        W_r, W_z, W_n = self.weight_ih.chunk(3)
        U_r, U_z, U_n = self.weight_hh.chunk(3)
        b_r, b_z, b_n = self.bias.chunk(3)
        h, states = torch.zeros(U_n.shape[1], dtype=x.dtype), []
        for x_t in x:
            r = torch.sigmoid(W_r @ x_t + U_r @ h + b_r)
            z = torch.sigmoid(W_z @ x_t + U_z @ h + b_z)
            n = torch.tanh(W_n @ x_t + U_n @ (r * h) + b_n)
            h = (1 - z) * h + z * n
            states.append(h)
        return torch.stack(states), h


class Backward(nn.Module):
    """A recurrence over the reversed sequence; its states stay at the words that they belong to."""

    def __init__(self, recurrence):
        super().__init__()
        self.recurrence = recurrence

    def forward(self, x):
        states, last = self.recurrence(x.flip(0))
        return states.flip(0), last


class Convolution(nn.Module):
    """nn.Conv1d along a sequence, with its weight laid out as the library's filters have it: width
    before channels. `before` zeros stand in front; a shorter sequence is filled up with zeros."""

    def __init__(self, inputs, filters, width, before=0):
        super().__init__()
        self.filters__weight = nn.Parameter(torch.empty(filters, width * inputs))
        self.filters__bias = nn.Parameter(torch.empty(filters))
        self.width, self.before = width, before

    def forward(self, x):
        length, inputs = x.shape
        weight = self.filters__weight.view(-1, self.width, inputs).transpose(1, 2)
        x = nn.functional.pad(x.T, (self.before, max(0, self.width - length - self.before)))
        return nn.functional.conv1d(x[None], weight, self.filters__bias)[0].T


class Classifier(nn.Module):
    """logits = linear(pool(layers(embedding(words)))); each of `layers` reads the embedding, `pool`
    gets what they return, by position: a sequence [T, size]."""

    def __init__(self, layers, pool, pooled):
        super().__init__()
        self.names = ["x", *layers, "logits"]
        self.layers = nn.ModuleList(
            [nn.Embedding(VOCABULARY, EMBEDDING), *layers.values(), nn.Linear(pooled, 2)])
        self.pool = pool

    def parts(self):
        return {name: layer.recurrence if isinstance(layer, Backward) else layer
                for name, layer in zip(self.names, self.layers)}

    def forward(self, words):
        embedding, *layers, logits = self.layers
        x = embedding(words)
        outputs = [layer(x) for layer in layers] or [x]
        sequences = [output[0] if isinstance(output, tuple) else output for output in outputs]
        return logits(self.pool(*sequences)), None


class Weighted(Classifier):
    """Classes with weights, which the mean over a batch is divided by, and smoothed labels."""

    def loss(self, logits, labels):
        weights = torch.tensor([1, 2.5], dtype=logits.dtype)
        return nn.functional.cross_entropy(logits, labels, weights, label_smoothing=0.1)


class AttentionPooling(nn.Module):
    """A GRU in each direction, and Bahdanau's attention with a learned query over their states."""

    def __init__(self, hidden, keys):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, EMBEDDING)
        self.forward_gru, self.reverse_gru = nn.GRU(EMBEDDING, hidden), nn.GRU(EMBEDDING, hidden)
        self.query = nn.ParameterDict({"query": torch.empty(5)})
        self.attention = nn.ModuleDict(
            {"asked": nn.Linear(5, keys), "linear": nn.Linear(2 * hidden, keys)})
        self.attention.score = nn.Parameter(torch.empty(keys))
        self.logits = nn.Linear(2 * hidden, 2)

    def parts(self):
        return {"": self.query, "x": self.embedding, "forward": self.forward_gru,
                "reverse": self.reverse_gru, "additive_attention": self.attention,
                "logits": self.logits}

    def forward(self, words):
        x = self.embedding(words)
        keys = torch.cat([self.forward_gru(x)[0], self.reverse_gru(x.flip(0))[0].flip(0)], dim=1)
        asked = self.attention["asked"](self.query["query"])
        energy = torch.tanh(self.attention["linear"](keys) + asked) @ self.attention.score
        weights = torch.softmax(energy, dim=0)
        return self.logits(weights @ keys), weights


class BagOfWords(nn.Module):
    """A weight for each word, and a bias; the score of one class is minus that of the other."""

    def __init__(self, loss):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(VOCABULARY)), nn.Parameter(torch.empty(()))
        self.of_scores = loss

    def parts(self):
        return {"": self}

    def forward(self, words):
        score = self.weight[words].sum() + self.bias
        return torch.stack([-score, score]), None

    def loss(self, logits, labels):
        return self.of_scores(logits[:, 1], labels.to(logits.dtype))


def hinge(scores, labels):
    return torch.clamp(1 - (2 * labels - 1) * scores, min=0).mean()


def last(states):
    return states[-1]


def mean(states):
    return states.mean(dim=0)


def largest(states):
    return states.max(dim=0).values


def last_of_both(forward, reverse):
    """A backward recurrence ends at the first word."""
    return torch.cat([forward[-1], reverse[0]])


def mean_of_both(forward, reverse):
    return mean(torch.cat([forward, reverse], dim=1))


def pool_windows(narrow, wide, past):
    return torch.cat([largest(torch.relu(narrow)), mean(torch.tanh(narrow)),
                      largest(torch.relu(wide)), mean(torch.tanh(past))])


def cases():
    E, H = EMBEDDING, HIDDEN
    return {
        "rnn_tanh": Classifier({"states": nn.RNN(E, H)}, last, H),
        "rnn_relu": Classifier({"states": nn.RNN(E, H, nonlinearity="relu")}, mean, H),
        "gru": Classifier({"states": nn.GRU(E, H)}, mean, H),
        "gru_reset_before": Classifier({"states": GruResetBefore(E, H)}, mean, H),
        "lstm_final": Classifier({"forward": nn.LSTM(E, H)}, last, H),
        "bilstm_final": Classifier({"forward": nn.LSTM(E, H), "reverse": Backward(nn.LSTM(E, H))},
                                   last_of_both, 2 * H),
        "mean_pooling": Classifier({}, mean, E),
        "max_pooling": Classifier({"states": nn.LSTM(E, H)}, largest, H),
        "linear": Classifier({"hidden": nn.Linear(E, H)}, lambda h: mean(torch.tanh(h)), H),
        "bilstm_stacked": Classifier(
            {"lstm": nn.LSTM(E, 7, num_layers=2, bidirectional=True)}, mean, 14),
        "gru_stacked": Classifier({"gru": nn.GRU(E, 7, num_layers=3)}, last, 7),
        "convolution": Classifier(
            {"narrow": Convolution(E, 6, 2), "wide": Convolution(E, 5, 5),
             "past": Convolution(E, 4, 3, before=2)}, pool_windows, 2 * 6 + 5 + 4),
        "class_weights": Weighted({}, mean, E),
        "attention_pooling": AttentionPooling(7, 6),
        "logistic": BagOfWords(nn.functional.binary_cross_entropy_with_logits),
        "svm": BagOfWords(hinge),
        "bigru_mean": Classifier({"forward": nn.GRU(E, 7), "reverse": Backward(nn.GRU(E, 7))},
                                 mean_of_both, 14),
    }


def main():
    for seed, (case, model) in enumerate(cases().items(), start=10):
        fill(model, seed, bound=0.5)
        make_case(case, model, make_batches(seed + 100, VOCABULARY))


if __name__ == "__main__":
    main()
