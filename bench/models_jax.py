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


def lstm(p, name, x, exists=None, reverse=False):
    """States of all steps [T, B, H], and the last; where a step does not exist the state is held."""
    suffix = "_reverse" if reverse else ""
    w, u, b, d = (p[name % part + suffix] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    u = u.T

    def step(state, given):
        h, c = state
        i, f, g, o = jnp.split(given[0] + h @ u, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return hold(given, (h, c), state)

    zeros = jnp.zeros((x.shape[1], u.shape[0]))
    (h, _), states = lax.scan(step, (zeros, zeros), given_to(x @ w.T + (b + d), exists), reverse=reverse)
    return states, h


def given_to(products, exists):
    return (products,) if exists is None else (products, exists.T[:, :, None])


def hold(given, new, state):
    """What a step returns: the new state where it exists, and its first part as the step's result."""
    if len(given) > 1:
        new = tuple(jnp.where(given[1], a, b) for a, b in zip(new, state))
    return new, new[0]


def both_ways(net, p, name, x, exists):
    """Only the reverse direction meets padding before words."""
    forward, _ = net(p, name, x)
    reverse, _ = net(p, name, x, exists, reverse=True)
    return jnp.concatenate([forward, reverse], 2)


def attending(p, inputs, key=None):  # W2
    words, exists = inputs
    states = both_ways(lstm, p, "lstm.%s_l0", embedding(p, "embedding", words), exists)
    scores = jnp.where(exists.T[:, :, None], linear(p, "score", states), -jnp.inf)
    return linear(p, "linear", (jax.nn.softmax(scores, 0) * states).sum(0))


WORKLOADS = {"w2": attending, "w2v": attending}
