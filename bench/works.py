"""What bench.py measures, and beside whom."""

import collections
import os
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")
JAX_PYTHON = os.environ.get("JAX_PYTHON", PYTHON)

# ---- workloads ----

Work = collections.namedtuple("Work", "model batch length words shortest")
WORKLOADS = {
    "w2": Work("w2", 32, 200, 20000, None),
    "w2v": Work("w2", 32, 200, 20000, 10),
    "w3": Work("w3", 32, 200, 20000, None),
    "w4": Work("w4", 20, 35, 10000, None),
    "w5": Work("w5", 50, 100, 65, None),
    "w6": Work("w6", 50, 200, 20000, None),
    "w7": Work("w7", 64, 20, 8000, None),
    "w8": Work("w8", 32, 200, 20000, None),
    "w8_equations": Work("w8_equations", 32, 200, 20000, None),
    "w9": Work("w9", 16, 25, 20000, None),
    "w10": Work("w10", 32, 128, 20000, None),
    "c1": Work("c1", 64, 70, 65, None),
}
SINGLE = [("w2", 20), ("w2", 200), ("w9", 25), ("w6", 200), ("w10", 128)]
CELLS = ["layer_norm_lstm", "peephole_lstm", "zoneout_lstm", "coupled_lstm", "minimal_gated_unit",
         "multiplicative_lstm", "projected_lstm", "lstm_equations"]
SECTIONS = ["w1", "batch1", "cells", "scaling", "start", "sst2"]

# ---- peers ----

# the name in tables; the command that prints its version; its workloads, or None for all; the most
# threads that it has, if there is a most
Peer = collections.namedtuple("Peer", "title version works threads trains")


def version_in(python, module):
    return [python, "-c", "import %s; print(%s.__version__)" % (module, module)]


PEERS = {
    "pytorch": Peer("PyTorch", version_in(PYTHON, "torch"), None, None, True),
    "onnxruntime": Peer("ONNX Runtime", version_in(PYTHON, "onnxruntime"), None, None, False),
    "jax": Peer("JAX", version_in(JAX_PYTHON, "jax"), None, None, True),
    "dynet": Peer("DyNet", version_in(PYTHON, "dynet"), "w2 w3 w4 w5 w8 w9 c1".split(), 1, True),
    "onednn": Peer("oneDNN (recurrent part)", ["dpkg-query", "-W", "-f", "${Version}", "libdnnl2"],
                   ["w2", "w5", "w8", "c1"], None, True),
    "kann": Peer("KANN", ["sed", "-n", r's/.*KANN_VERSION "\(.*\)"/\1/p',
                          os.path.join(HERE, "../build/peers/kann/kann.h")], ["w5", "c1"], None, True),
}
USUAL = ["pytorch", "onnxruntime", "jax"]


def ways(which, name, threads=1):
    """What `which` runs as the workload: names of peer.py's. A Python loop would be unrolled in ONNX, and
    the w8 of the others is equations already."""
    peer = PEERS[which]
    if name == "w8_equations":
        return ["w8_loop", "w8_script"] if which == "pytorch" else []
    if peer.works is not None and name not in peer.works or threads > (peer.threads or threads):
        return []
    return [name]


# ---- the clock ----


def median_seconds(work, repeat):
    seconds = []
    for i in range(repeat + 2):  # two to compile and warm up
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[2:])[repeat // 2]
