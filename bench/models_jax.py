"""The workloads in JAX: functions of the weights (those of the model in models.py, under its names),
the inputs, and in training a key for dropout. Sequences are padded, and steps come first, [T, B, …],
also in logits that every step has. A step of a recurrence does what is recurrent alone: the products
with its inputs are one product before it. The reverse direction holds its zeros until a text begins."""

import jax
from jax import lax
from jax import numpy as jnp


def linear(p, name, x):
    return x @ p[name + ".weight"].T + p[name + ".bias"]


def embedding(p, name, words):
    return p[name + ".weight"][words.T]


def dropout(key, x, p):
    return x if key is None else jnp.where(jax.random.bernoulli(key, 1 - p, x.shape), x / (1 - p), 0)


def keys_of(key, count):
    return [None] * count if key is None else jax.random.split(key, count)


# ---- recurrences ----


def lstm(p, name, x, exists=None, reverse=False):
    """States of all steps [T, B, H], and the last."""
    w, u, b, b_own = weights(p, name, reverse)
    u = u.T

    def cell(pre, state):
        h, c = state
        i, f, g, o = jnp.split(pre + h @ u, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

    return scan(cell, x @ w.T + (b + b_own), [u.shape[0]] * 2, exists, reverse)


def gru(p, name, x, exists=None, reverse=False):
    w, u, b, b_own = weights(p, name, reverse)
    u = u.T

    def cell(pre, state):
        h, = state
        return gru_step(pre, h @ u + b_own, h),

    return scan(cell, x @ w.T + b, [u.shape[0]], exists, reverse)


def gru_step(pre, own, h):
    r, z, n = jnp.split(pre, 3, axis=1)
    r_own, z_own, n_own = jnp.split(own, 3, axis=1)
    z = jax.nn.sigmoid(z + z_own)
    n = jnp.tanh(n + jax.nn.sigmoid(r + r_own) * n_own)
    return (1 - z) * n + z * h


def weights(p, name, reverse=False):
    parts = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
    return [p[name % part + ("_reverse" if reverse else "")] for part in parts]


def scan(cell, pre, sizes, exists, reverse):
    """A state is a tuple; the first of it is the result of a step. Where a step does not exist the
    state is held; without `exists`, all do."""
    def step(state, given):
        pre, exists = given
        new = cell(pre, state)
        if exists is not None:
            new = tuple(jnp.where(exists, a, b) for a, b in zip(new, state))
        return new, new[0]

    start = tuple(jnp.zeros((pre.shape[1], size)) for size in sizes)
    exists = None if exists is None else exists.T[:, :, None]
    last, states = lax.scan(step, start, (pre, exists), reverse=reverse)
    return states, last[0]


def both_ways(net, p, name, x, exists):
    """Only the reverse direction meets padding before words."""
    forward, _ = net(p, name, x)
    reverse, _ = net(p, name, x, exists, reverse=True)
    return jnp.concatenate([forward, reverse], 2)


# ---- models ----


def attending(p, inputs, key=None):  # W2
    words, exists = inputs
    states = both_ways(lstm, p, "lstm.%s_l0", embedding(p, "embedding", words), exists)
    scores = jnp.where(exists.T[:, :, None], linear(p, "score", states), -jnp.inf)
    return linear(p, "linear", (jax.nn.softmax(scores, 0) * states).sum(0))


def mean(states, exists):
    return jnp.where(exists.T[:, :, None], states, 0).sum(0) / exists.sum(1, keepdims=True)


def mean_gru(p, inputs, key=None):  # W3
    words, exists = inputs
    states = both_ways(gru, p, "gru.%s_l0", embedding(p, "embedding", words), exists)
    return linear(p, "linear", mean(states, exists))


def one_way(p, inputs, key=None):  # W8
    words, exists = inputs
    _, last = lstm(p, "cell.%s_l0", embedding(p, "embedding", words), exists)
    return linear(p, "linear", last)


def tagger(p, inputs, key=None):  # W9
    words, exists = inputs
    states = both_ways(lstm, p, "lstm.%s_l0", embedding(p, "embedding", words), exists)
    return linear(p, "linear", states)


def language(layers, p_dropout=0.0):  # W4, W5, C1
    def run(p, inputs, key=None):
        keys = keys_of(key if p_dropout else None, layers + 1)
        x = dropout(keys[0], embedding(p, "embedding", inputs[0]), p_dropout)
        for layer in range(layers):
            x, _ = lstm(p, "lstm.%%s_l%d" % layer, x)
            x = dropout(keys[layer + 1], x, p_dropout)
        return linear(p, "linear", x)

    return run


def text_cnn(p, inputs, key=None):  # W6
    words, exists = inputs
    x, pooled = embedding(p, "embedding", words), []
    for i, width in enumerate((3, 4, 5)):
        filters = p["filters.%d.weight" % i]  # [filter, channel, step]
        x_i = lax.conv_general_dilated(x, filters, (1,), "VALID", dimension_numbers=("WNC", "OIW", "WNC"))
        x_i = jax.nn.relu(x_i + p["filters.%d.bias" % i])
        pooled.append(jnp.where(exists[:, width - 1:].T[:, :, None], x_i, 0).max(0))
    return linear(p, "linear", dropout(key, jnp.concatenate(pooled, 1), 0.5))


def layer_norm(p, name, x):
    middle = x.mean(-1, keepdims=True)
    spread = jnp.square(x - middle).mean(-1, keepdims=True)
    return (x - middle) * lax.rsqrt(spread + 1e-5) * p[name + ".weight"] + p[name + ".bias"]


def self_attention(p, name, x, exists, heads):
    steps, batch, size = x.shape
    x = x @ p[name + ".in_proj_weight"].T + p[name + ".in_proj_bias"]
    q, k, v = x.reshape(steps, batch, 3, heads, size // heads).transpose(2, 1, 3, 0, 4)  # [B, heads, T, …]
    scores = q @ k.swapaxes(2, 3) * (size // heads) ** -0.5
    scores = jnp.where(exists[:, None, None, :], scores, -jnp.inf)
    x = (jax.nn.softmax(scores) @ v).transpose(2, 0, 1, 3).reshape(steps, batch, size)
    return linear(p, name + ".out_proj", x)


def encoder(p, inputs, key=None):  # W10
    words, exists = inputs
    x = embedding(p, "embedding", words)
    for layer, key in enumerate(keys_of(key, 2)):
        name, keys = "encoder.layers.%d." % layer, keys_of(key, 3)
        attended = self_attention(p, name + "self_attn", x, exists, 4)
        x = layer_norm(p, name + "norm1", x + dropout(keys[0], attended, 0.1))
        y = dropout(keys[1], jax.nn.relu(linear(p, name + "linear1", x)), 0.1)
        x = layer_norm(p, name + "norm2", x + dropout(keys[2], linear(p, name + "linear2", y), 0.1))
    return linear(p, "linear", mean(x, exists))


def translation(p, inputs, key=None):  # W7
    source, exists, french, _ = inputs
    x, exists_t = embedding(p, "source", source), exists.T[:, :, None]
    forward, last = gru(p, "gru.%s_l0", x, exists)
    reverse, first = gru(p, "gru.%s_l0", x, exists, reverse=True)
    keys = jnp.concatenate([forward, reverse], 2)
    seen = linear(p, "seen", keys)
    w, u, b, b_own = weights(p, "cell.%s")
    y = embedding(p, "french", french)
    w_y, w_context, u = w[:, :y.shape[2]].T, w[:, y.shape[2]:].T, u.T

    def step(s, pre):
        scores = jnp.tanh(seen + linear(p, "query", s)) @ p["score"]
        chances = jax.nn.softmax(jnp.where(exists_t, scores[:, :, None], -jnp.inf), 0)
        context = (chances * keys).sum(0)
        s = gru_step(pre + context @ w_context, s @ u + b_own, s)
        return s, s

    start = jnp.tanh(linear(p, "start", jnp.concatenate([last, first], 1)))
    return linear(p, "linear", lax.scan(step, start, y @ w_y + b)[1])


WORKLOADS = {"w2": attending, "w2v": attending, "w3": mean_gru, "w4": language(2, 0.2), "w5": language(2),
             "w6": text_cnn, "w7": translation, "w8": one_way, "w9": tagger, "w10": encoder,
             "c1": language(1)}
