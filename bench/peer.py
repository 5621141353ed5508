#!/usr/bin/python3
"""A peer's side of a workload: PyTorch, or ONNX Runtime on what PyTorch exports.

    peer.py PEER WORKLOAD [--threads N] [--batch N] [--length N] [--repeat N]
    peer.py PEER WORKLOAD --model FILE --data FILE

The first prints how long one training step (PyTorch alone) and one prediction take. The second
takes the weights of a Rondo model file and prints the mean loss of the examples in the file, which
must be Rondo's own. One line of JSON.

Sequences are padded, which is PyTorch's faster way to train on them.
"""

import argparse
import json
import os
import struct
import sys
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("peer", choices=["pytorch", "onnxruntime"])
parser.add_argument("workload")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--batch", type=int)
parser.add_argument("--length", type=int)
parser.add_argument("--repeat", type=int, default=10)
parser.add_argument("--model")
parser.add_argument("--data")
options = parser.parse_args()

# Must come before PyTorch is loaded: OpenBLAS 0.3.21 does not know newer server cores by itself.
with open("/proc/cpuinfo") as cpu:
    if "avx512" in cpu.read():
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OMP_PROC_BIND", "true")
os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))

import numpy
import torch
from torch import nn

from models import WORKLOADS, both_ways, load

torch.set_num_threads(options.threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)


def median_seconds(work):
    seconds = []
    for i in range(options.repeat + 2):  # two to warm up
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[2:])[options.repeat // 2]


# ---- the two peers: a function from inputs to logits ----


def onnx_session(model, inputs):
    import onnxruntime
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        names = ["input_%d" % i for i in range(len(inputs))]
        axes = {name: {0: "batch", 1: "time"} for name in names}
        torch.onnx.export(model, inputs, path, input_names=names, output_names=["logits"],
                          dynamic_axes=axes, opset_version=14)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 3
        settings.add_session_config_entry("session.set_denormal_as_zero", "1")
        session = onnxruntime.InferenceSession(path, settings,
                                               providers=["CPUExecutionProvider"])

    def run(*inputs):
        feed = {name: value.numpy() for name, value in zip(names, inputs)}
        wanted = {given.name for given in session.get_inputs()}
        answer = session.run(None, {name: feed[name] for name in feed if name in wanted})
        return torch.from_numpy(numpy.asarray(answer[0]))

    return run


def predictor(model, inputs):
    model.eval()
    return onnx_session(model, inputs) if options.peer == "onnxruntime" else model


# ---- what is asked ----


def measure(workload):
    model = workload.make()
    inputs, targets = workload.batch_of(options.batch or workload.batch,
                                        options.length or workload.longest)
    answer = {"version": torch.__version__}
    if options.peer == "onnxruntime":
        import onnxruntime
        answer["version"] = onnxruntime.__version__
    else:
        optimizer = torch.optim.Adam(model.parameters(), 0.001)

        def train():
            model.train()
            optimizer.zero_grad()
            workload.loss(model(*inputs), inputs, targets).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()

        answer["train_seconds"] = median_seconds(train)
    predict = predictor(model, inputs)
    with torch.no_grad():
        answer["predict_seconds"] = median_seconds(lambda: predict(*inputs))
    return answer


def read_model(path):
    with open(path, "rb") as file:
        data = file.read()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    about = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + size + offset for offset in entry["data_offsets"])
        if entry["dtype"] == "F32":
            tensors[name] = torch.frombuffer(bytearray(data[start:end]),
                                             dtype=torch.float32).reshape(entry["shape"])
    return about, tensors


def read_data(workload, path, about):
    """[(words, target or targets)], as numbers; the vocabulary and the classes are the model's."""
    columns = json.loads(about["rondo.columns"])
    column = next(c["name"] for c in columns if c["kind"] == "words")
    classes = next(c["classes"] for c in columns if c["target"])
    numbers = {word: i for i, word in enumerate(about["rondo.words." + column].split("\n"))}
    with open(path) as file:
        lines = file.read().split("\n")
    if workload.every_word:
        sentences = [[line.split("\t") for line in block.split("\n")]
                     for block in "\n".join(lines).strip().split("\n\n")]
        return numbers, [([numbers.get(word, 0) for word, _ in s],
                          [classes.index(tag) for _, tag in s]) for s in sentences]
    pairs = [line.split("\t") for line in lines[1:] if line]
    return numbers, [([numbers.get(word, 0) for word in text.split()], classes.index(label))
                     for label, text in pairs]


def padded(lists):
    longest = max(map(len, lists))
    return torch.tensor([numbers + [0] * (longest - len(numbers)) for numbers in lists])


def check(workload):
    """Of a batch of one length each for ONNX Runtime, whose graph has no packing."""
    about, tensors = read_model(options.model)
    numbers, examples = read_data(workload, options.data, about)
    model = workload.make(len(numbers))
    load(model, tensors)
    both_ways.exact = True
    total, count, predict = 0.0, 0, None
    step = 1 if options.peer == "onnxruntime" else len(examples)
    for first in range(0, len(examples), step):
        texts, targets = zip(*examples[first:first + step])
        text = padded(texts)
        exists = torch.arange(text.shape[1]) < torch.tensor([[len(t)] for t in texts])
        inputs = (text, exists)
        target = padded(targets) if workload.every_word else torch.tensor(targets)
        with torch.no_grad():
            predict = predict or predictor(model, inputs)
            weight = int(exists.sum()) if workload.every_word else len(texts)
            total += float(workload.loss(predict(*inputs), inputs, target)) * weight
            count += weight
    return {"loss": total / count}


if options.workload not in WORKLOADS:
    sys.exit("peer: there is no workload %s; there are %s" % (options.workload,
                                                              ", ".join(WORKLOADS)))
chosen = WORKLOADS[options.workload]
print(json.dumps(check(chosen) if options.model else measure(chosen)))
