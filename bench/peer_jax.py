"""JAX's side of a workload, in a process and with packages of its own: peer.py runs it.

    peer_jax.py WORKLOAD FILE [--threads N] [--repeat N]

FILE (.npz) has the weights of the PyTorch model as `p/NAME`, its inputs as `inputs/N`, the targets,
and what PyTorch finds without dropout: logits, loss, and norm of all gradients. JAX must find the same;
then it prints how long one training step and one prediction take. One line of JSON.

A training step is one compiled function: forward, backward, clipping, Adam; its state is donated. What
compiling takes is not counted, and each step is waited for. XLA has as many cores as threads; it
flushes denormals by itself. Written for and tried with JAX 0.10.2. Tried, and no faster: unrolled scans,
both directions in one scan, weights transposed within a step.
"""

import argparse
import json
import os
import sys

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("workload")
parser.add_argument("file")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--repeat", type=int, default=10)
options = parser.parse_args()

# Must come before JAX is loaded: XLA makes a thread for each core that the process may use.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
os.environ["JAX_PLATFORMS"] = "cpu"
if options.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import numpy
from jax import numpy as jnp

from models_jax import WORKLOADS
from works import median_seconds

jax.config.update("jax_default_prng_impl", "rbg")  # a seventh faster than threefry here
model = WORKLOADS[options.workload]


def loss_of(p, inputs, targets, key=None):
    logits = model(p, inputs, key)
    if logits.ndim == 3:  # every step has a target
        targets, exists = targets.T, inputs[-1].T
    else:
        exists = jnp.ones(targets.shape, bool)
    chances = jnp.take_along_axis(jax.nn.log_softmax(logits), targets[..., None], -1)[..., 0]
    return -jnp.where(exists, chances, 0).sum() / exists.sum()


def norm_of(tree):
    return jnp.sqrt(sum(jnp.square(x).sum() for x in jax.tree.leaves(tree)))


def adam(p, m, v, t, gradient, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradient)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradient)
    size, spread = rate / (1 - beta1 ** t), jnp.sqrt(1 - beta2 ** t)
    return jax.tree.map(lambda p, m, v: p - size * m / (jnp.sqrt(v) / spread + epsilon), p, m, v), m, v


def train(state, inputs, targets):
    """(weights, means, squares, steps, key) after one more step."""
    p, m, v, t, key = state
    key, now = jax.random.split(key)
    gradient = jax.grad(loss_of)(p, inputs, targets, now)
    scale = jnp.minimum(1, 5.0 / (norm_of(gradient) + 1e-6))
    gradient = jax.tree.map(lambda g: g * scale, gradient)
    return *adam(p, m, v, t + 1, gradient), t + 1, key


def compare(p, inputs, targets, given):
    """Ends the run unless logits, loss and gradients are PyTorch's; returns how far apart they are."""
    logits = jax.jit(model)(p, inputs)
    exists = numpy.ones(len(logits), bool)
    if logits.ndim == 3:
        logits, exists = logits.swapaxes(0, 1), given["inputs/%d" % (len(inputs) - 1)]
    loss, gradient = jax.jit(jax.value_and_grad(loss_of))(p, inputs, targets)
    norm = sum(numpy.square(g, dtype=float).sum() for g in jax.tree.leaves(gradient)) ** 0.5
    apart = {"logits": float(abs(logits - given["logits"])[exists].max()),
             "loss": float(abs(loss / given["loss"] - 1)),
             "gradient": float(abs(norm / given["norm"] - 1))}
    for what, most in ("logits", 1e-4), ("loss", 5e-6), ("gradient", 1e-4):
        if not apart[what] <= most:
            sys.exit("peer: JAX's %s is %g off" % (what, apart[what]))
    return apart


def main():
    given = dict(numpy.load(options.file))
    p = {name[2:]: jnp.asarray(value) for name, value in given.items() if name.startswith("p/")}
    inputs = tuple(jnp.asarray(given["inputs/%d" % i]) for i in range(4) if "inputs/%d" % i in given)
    targets = jnp.asarray(given["targets"])
    answer = {"version": jax.__version__, "apart": compare(p, inputs, targets, given)}
    predict = jax.jit(model)
    answer["predict_seconds"] = median_seconds(
        lambda: jax.block_until_ready(predict(p, inputs)), options.repeat)
    step = jax.jit(train, donate_argnums=0)
    zeros = [jax.tree.map(jnp.zeros_like, p) for _ in range(2)]
    state = (p, *zeros, jnp.zeros(()), jax.random.key(1))

    def one_more():
        nonlocal state
        state = step(state, inputs, targets)
        return state

    answer["train_seconds"] = median_seconds(lambda: jax.block_until_ready(one_more()), options.repeat)
    print(json.dumps(answer))


main()
