"""Peers that are a program: builds it where it is missing or old, and runs it. peer.py runs this.

    peer_native.py onednn|kann WORKLOAD FILE [--threads N] [--repeat N]

FILE (.npz) has what PyTorch has and finds; the program gets the arrays that it needs, in a file of the
format in peer_native.h. oneDNN runs the recurrent part of a workload alone (peer_onednn.cpp), KANN all of
it (peer_kann.c). Programs are built in build/peers, where `./dev bench` puts KANN's sources, too.
"""

import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile

CORES = os.sched_getaffinity(0)  # before OpenMP binds this thread to one

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "../build/peers")
FAST = ["-O3", "-march=native", "-fopenmp", "-I" + HERE]

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("peer", choices=["onednn", "kann"])
parser.add_argument("workload")
parser.add_argument("file")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--repeat", type=int, default=10)
options = parser.parse_args()


def built(source, compiler, *flags):
    """The program of a source file."""
    source = os.path.join(HERE, source)
    program = os.path.join(PEERS, os.path.basename(source).split(".")[0])
    newest = max(map(os.path.getmtime, (source, os.path.join(HERE, "peer_native.h"))))
    if not os.path.exists(program) or os.path.getmtime(program) < newest:
        subprocess.run([*compiler, *FAST, source, "-o", program, *flags], check=True)
    return program


def write(path, arrays):
    with open(path, "wb") as file:
        for array in arrays:
            array = numpy.ascontiguousarray(array, dtype=numpy.float32)
            file.write(struct.pack("<%di" % (1 + array.ndim), array.ndim, *array.shape))
            file.write(array.tobytes())


def by_steps(array):
    """[B, T, …] as [T, B, …]."""
    return array.swapaxes(0, 1)


# ---- oneDNN ----


def recurrent_part(given):
    """Inputs, what PyTorch finds, and weights of each layer."""
    names = [re.fullmatch(r"p/(\w+)\.weight_ih_l(\d+)", name) for name in given]
    layers = sorted((int(name[2]), name[1]) for name in names if name)
    arrays = [by_steps(given["recurrent/" + name]) for name in ("x", "states", "gradient")]
    arrays += [given["recurrent/norm"].reshape(1), numpy.array([len(layers)])]
    for layer, name in layers:
        arrays += layer_weights(given, "p/%s.%%s_l%d" % (name, layer))
    return arrays


def layer_weights(given, name):
    """[1, directions, from, gate, to] and [1, directions, gate, to]; PyTorch's gates are oneDNN's."""
    ways = [way for way in ("", "_reverse") if name % "weight_ih" + way in given]

    def of(part):
        return [given[name % part + way] for way in ways]

    matrices = [numpy.stack([w.T.reshape(w.shape[1], 4, -1) for w in of(part)])[None]
                for part in ("weight_ih", "weight_hh")]
    biases = [(b + own).reshape(4, -1) for b, own in zip(of("bias_ih"), of("bias_hh"))]
    return [*matrices, numpy.stack(biases)[None]]


# ---- KANN ----


def language_model(given):
    """All that a language model is, and what PyTorch finds."""
    layers = sum(name.startswith("p/lstm.weight_ih") for name in given)
    table, output = given["p/embedding.weight"], given["p/linear.weight"]
    arrays = [by_steps(given[name]) for name in ("inputs/0", "targets", "logits")]
    arrays += [given["loss"].reshape(1), given["norm"].reshape(1)]
    arrays += [numpy.array([table.shape[1], output.shape[1], layers]), table.T]
    for layer in range(layers):
        w, u, b, b_own = (given["p/lstm.%s_l%d" % (part, layer)].reshape(4, output.shape[1], -1)
                          for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        for gate in range(4):
            arrays += [w[gate], u[gate], (b + b_own)[gate].flatten()]
    return [*arrays, output, given["p/linear.bias"]]


def kann_sources():
    """Of what `./dev bench` unpacks; -Ofast, for the exponentials."""
    folder = os.path.join(PEERS, "kann")
    return ["-I" + folder, "-DHAVE_PTHREAD", "-DHAVE_CBLAS", "-Ofast", os.path.join(folder, "kann.c"),
            os.path.join(folder, "kautodiff.c"), "-lopenblas", "-lm", "-lpthread"]


def main():
    given = dict(numpy.load(options.file))
    settings = dict(os.environ)
    if options.peer == "onednn":
        program = built("peer_onednn.cpp", ["g++", "-std=c++17"], "-ldnnl")
        arguments, arrays = [], recurrent_part(given)
    else:
        program = built("peer_kann.c", ["gcc", "-std=gnu11"], *kann_sources())
        arguments, arrays = [str(options.threads)], language_model(given)
        settings.update(OMP_NUM_THREADS="1", OMP_PROC_BIND="false")  # its threads are its own
    os.sched_setaffinity(0, CORES)
    with tempfile.NamedTemporaryFile() as file:
        write(file.name, arrays)
        done = subprocess.run([program, file.name, str(options.repeat), *arguments], env=settings)
    sys.exit(done.returncode)


main()
