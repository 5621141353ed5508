#!/usr/bin/python3
"""A peer's side of a workload: PyTorch, ONNX Runtime on what PyTorch exports, or what runs in a process
of its own: JAX (peer_jax.py), DyNet (peer_dynet.py), oneDNN and KANN (peer_native.py).

    peer.py PEER WORKLOAD [--threads N] [--batch N] [--length N] [--repeat N]
    peer.py pytorch WORKLOAD --model FILE --data FILE

The first prints how long one training step (not of ONNX Runtime) and one prediction take. The
second, of PyTorch, takes the weights of a Rondo model file and prints the mean loss of the examples
in the file, which must be Rondo's own; what ONNX Runtime computes must be what PyTorch computes, and
of those in other processes, which get PyTorch's weights, gradients too. One line of JSON.

Sequences are padded, which is PyTorch's faster way to train on them.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("peer", choices=["pytorch", "onnxruntime", "jax", "dynet", "onednn", "kann"])
parser.add_argument("workload")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--batch", type=int)
parser.add_argument("--length", type=int)
parser.add_argument("--repeat", type=int, default=10)
parser.add_argument("--model")
parser.add_argument("--data")
options = parser.parse_args()

JAX_PYTHON = os.environ.get("JAX_PYTHON", sys.executable)
CORES = os.sched_getaffinity(0)  # before OpenMP binds this thread to one
# Must come before PyTorch is loaded: OpenBLAS 0.3.21 does not know newer server cores by itself.
with open("/proc/cpuinfo") as cpu:
    if "avx512" in cpu.read():
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OMP_PROC_BIND", "true")
os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))

import numpy
import torch
from torch import nn

from models import CHARACTERS, WORKLOADS, both_ways, load
from works import median_seconds

torch.set_num_threads(options.threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)


# ---- the two peers: a function from inputs to logits ----


def onnx_session(model, inputs):
    import onnxruntime
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        names = ["input_%d" % i for i in range(len(inputs))]
        for part in model.modules():  # ONNX has no operators for whole layers
            if isinstance(part, nn.TransformerEncoderLayer):
                part.activation_relu_or_gelu = 0
            if isinstance(part, nn.MultiheadAttention):
                part.dropout = 1e-9  # only of training, but what asks for the parts
        torch.onnx.export(model, inputs, path, input_names=names, output_names=["logits"],
                          opset_version=14)
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
    """A function of the inputs. ONNX Runtime's must find what PyTorch finds."""
    model.eval()
    if options.peer == "pytorch":
        return model
    with torch.no_grad():
        session = onnx_session(model, inputs)
        apart = float((session(*inputs) - model(*inputs)).abs().max())
    if apart > 1e-4:
        sys.exit("peer: ONNX Runtime's logits are up to %g off" % apart)
    return session


# ---- peers in a process of their own ----

ELSEWHERE = {"jax": [JAX_PYTHON, "peer_jax.py"], "dynet": [sys.executable, "peer_dynet.py"],
             "onednn": [sys.executable, "peer_native.py", "onednn"],
             "kann": [sys.executable, "peer_native.py", "kann"]}


def what_pytorch_finds(model, workload, inputs, targets):
    """Weights, inputs, targets, logits, loss and norm of the gradients; of what is recurrent its inputs,
    its results, and the gradients of these. By name."""
    recurrent = {}

    def keep(part, part_inputs, found):
        if torch.is_tensor(found[0]):  # those who ask for it have texts of one length
            found[0].retain_grad()
            recurrent.update(part=part, x=part_inputs[0], states=found[0])

    for part in model.modules():
        if isinstance(part, nn.RNNBase):
            part.register_forward_hook(keep)
    logits = model(*inputs)
    loss = workload.loss(logits, inputs, targets)
    loss.backward()
    given = {"p/" + name: value for name, value in model.state_dict().items()}
    given.update(("inputs/%d" % i, value) for i, value in enumerate(inputs))
    given.update(targets=targets, logits=logits, loss=loss, norm=norm_of(model))
    if recurrent:
        given.update({"recurrent/x": recurrent["x"], "recurrent/states": recurrent["states"],
                      "recurrent/gradient": recurrent["states"].grad,
                      "recurrent/norm": norm_of(recurrent["part"])})
    return {name: value.detach().numpy() for name, value in given.items()}


def norm_of(model):
    return torch.stack([weight.grad.double().norm() for weight in model.parameters()]).norm()


def from_elsewhere(model, workload, inputs, targets):
    """The answer of a peer that gets what it needs in a file: JAX needs a newer NumPy than PyTorch, and
    the others shall not share threads with it."""
    model.eval()
    both_ways.exact = True
    os.sched_setaffinity(0, CORES)
    interpreter, program, *arguments = ELSEWHERE[options.peer]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "given.npz")
        numpy.savez(path, **what_pytorch_finds(model, workload, inputs, targets))
        command = [interpreter, os.path.join(os.path.dirname(os.path.abspath(__file__)), program),
                   *arguments, options.workload, path, "--threads", str(options.threads), "--repeat",
                   str(options.repeat)]
        done = subprocess.run(command, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit("peer: %s failed" % options.peer)
    return json.loads(done.stdout)


# ---- what is asked ----


def measure(workload):
    model = workload.make()
    inputs, targets = workload.batch_of(options.batch or workload.batch,
                                        options.length or workload.longest)
    if options.peer in ELSEWHERE:
        return from_elsewhere(model, workload, inputs, targets)
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

        answer["train_seconds"] = median_seconds(train, options.repeat)
    predict = predictor(model, inputs)
    with torch.no_grad():
        answer["predict_seconds"] = median_seconds(lambda: predict(*inputs), options.repeat)
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


def read_data(path, about):
    """The sizes of the vocabularies, and [(texts, target or targets)], as numbers: the vocabularies
    and classes are the model's. A text that is a target has the mark behind it, and before it where
    it is read."""
    columns = [c for c in json.loads(about["rondo.columns"]) if c["kind"] != "previous"]
    numbers = {c["name"]: {word: i for i, word in
                           enumerate(about["rondo.words." + c["name"]].split("\n"))}
               for c in columns if c["kind"] in ("words", "chars")}
    with open(path) as file:
        lines = [line for line in file.read().split("\n")]
    if any(c["kind"] == "tags" for c in columns):
        words, tags = next(iter(numbers.values())), columns[1]["classes"]
        examples = [list(zip(*(line.split("\t") for line in block.split("\n"))))
                    for block in "\n".join(lines).strip().split("\n\n")]
        return [len(words)], [([[words.get(w, 0) for w in sentence]], [tags.index(t) for t in given])
                              for sentence, given in examples]
    lines = [column["name"] for column in columns[:1] if len(columns) == 1] + lines
    names, examples = lines[0].split("\t"), []
    for line in filter(None, lines[1:]):
        texts, target = [], None
        for column in sorted(columns, key=lambda c: c["target"]):
            field = line.split("\t")[names.index(column["name"])]
            if column["kind"] == "class":
                target = column["classes"].index(field)
                continue
            known = numbers[column["name"]]
            text = [known.get(w, 0) for w in (field if options.workload in CHARACTERS else
                                              field.split())]
            mark = [known["</s>"]] if column["target"] else []
            texts.append(mark + text)
            target = text + mark if column["target"] else target
        examples.append((texts, target))
    return [len(known) for known in numbers.values()], examples


def padded(lists):
    longest = max(map(len, lists))
    return torch.tensor([numbers + [0] * (longest - len(numbers)) for numbers in lists])


def inputs_of(examples):
    """[B, T] of each text, and which of its words exist."""
    inputs = []
    for texts in zip(*(texts for texts, _ in examples)):
        text = padded(list(texts))
        inputs += [text, torch.arange(text.shape[1]) < torch.tensor([[len(t)] for t in texts])]
    return tuple(inputs)


def check(workload):
    about, tensors = read_model(options.model)
    sizes, examples = read_data(options.data, about)
    model = workload.make(*sizes)
    load(model, tensors)
    both_ways.exact = True
    inputs, targets = inputs_of(examples), [target for _, target in examples]
    target = padded(targets) if workload.every_word else torch.tensor(targets)
    model.eval()
    with torch.no_grad():
        return {"loss": float(workload.loss(model(*inputs), inputs, target))}


if options.workload not in WORKLOADS:
    sys.exit("peer: there is no workload %s; there are %s" % (options.workload,
                                                              ", ".join(WORKLOADS)))
chosen = WORKLOADS[options.workload]
print(json.dumps(check(chosen) if options.model else measure(chosen)))
