"""DyNet's side of a workload: peer.py runs it.

    peer_dynet.py WORKLOAD FILE [--repeat N]

FILE (.npz) has the weights of the PyTorch model as `p/NAME`, its inputs as `inputs/N`, the targets,
and what PyTorch finds without dropout: logits, loss, and norm of all gradients. DyNet must find the same;
then it prints how long one training step and one prediction take. One line of JSON.

A training step makes a graph of batched steps, as DyNet wants it, then goes forward and backward,
clips, and takes a dense step of Adam. If not told to, DyNet's Adam leaves out the words that a batch
does not have, which is another method: `sparse_train_seconds` is with that. DyNet has one thread.
Written for DyNet 2.1 as its wheel is (AVX2).
"""

import argparse
import ctypes
import json
import sys

import numpy
import dynet_config

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("workload")
parser.add_argument("file")
parser.add_argument("--threads", type=int, default=1, choices=[1])
parser.add_argument("--repeat", type=int, default=10)
options = parser.parse_args()

dynet_config.set(mem="2000", random_seed=1)  # must come before DyNet is loaded; in MB

import dynet as dy

from models_dynet import WORKLOADS, Weights
from works import median_seconds

model = WORKLOADS[options.workload]


def flush_denormals():
    """Sets two bits of this thread's MXCSR, which is in what the C library keeps of its state."""
    libm, state = ctypes.CDLL("libm.so.6"), (ctypes.c_uint32 * 8)()
    libm.fegetenv(state)
    state[7] |= 0x8040
    libm.fesetenv(state)


def loss_of(p, words, targets, training=False):
    """Of every step, or of every text."""
    losses = dy.pickneglogsoftmax_batch(model(p, words, training), targets)
    return dy.sum_batches(losses) * (1 / len(targets))


def compare(p, words, targets, given):
    """Ends the run unless logits, loss and gradients are PyTorch's; returns how far apart they are."""
    dy.renew_cg()
    logits = model(p, words).npvalue().T  # [batch, class]
    if given["logits"].ndim == 3:
        logits = logits.reshape(words.shape[1], words.shape[0], -1).swapaxes(0, 1)
    dy.renew_cg()
    loss = loss_of(p, words, targets)
    found = loss.value()
    loss.backward()
    apart = {"logits": float(abs(logits - given["logits"]).max()),
             "loss": float(abs(found / given["loss"] - 1)),
             "gradient": float(abs(p.squares() ** 0.5 / given["norm"] - 1))}
    for what, most in ("logits", 1e-4), ("loss", 5e-6), ("gradient", 1e-4):
        if not apart[what] <= most:
            sys.exit("peer: DyNet's %s is %g off" % (what, apart[what]))
    return apart


def main():
    flush_denormals()
    given = dict(numpy.load(options.file))
    p = Weights({name[2:]: value for name, value in given.items() if name.startswith("p/")})
    words, exists = given["inputs/0"], given["inputs/1"]
    if not exists.all():
        sys.exit("peer: DyNet's batches are of texts of one length")
    targets = given["targets"].T.flatten().tolist()
    answer = {"version": dy.__version__, "apart": compare(p, words, targets, given)}
    trainer = dy.AdamTrainer(p.all, 0.001)
    trainer.set_clip_threshold(5.0)
    trainer.set_sparse_updates(False)
    trainer.update()

    def train():
        dy.renew_cg()
        loss = loss_of(p, words, targets, training=True)
        loss.forward()
        loss.backward()
        trainer.update()

    def predict():
        dy.renew_cg()
        model(p, words).forward()

    answer["predict_seconds"] = median_seconds(predict, options.repeat)
    answer["train_seconds"] = median_seconds(train, options.repeat)
    trainer.set_sparse_updates(True)
    answer["sparse_train_seconds"] = median_seconds(train, options.repeat)
    print(json.dumps(answer))


main()
