#!/usr/bin/python3
"""The PyTorch side of bench/workloads: one training step and one prediction, timed.

    pytorch_workloads.py WORKLOAD [--threads N] [--repeat N]

Prints one line of JSON. Sequences are padded, which is PyTorch's faster way to train on them; w8 is
nn.LSTM, w8_loop the same cell as a Python loop of its own, w8_script that loop under
torch.jit.script.
"""

import argparse
import json
import os
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("workload")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--repeat", type=int, default=10)
options = parser.parse_args()

# Must come before PyTorch is loaded: OpenBLAS 0.3.21 does not know newer server cores by itself.
with open("/proc/cpuinfo") as cpu:
    if "avx512" in cpu.read():
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OMP_PROC_BIND", "true")
os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(options.threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)
VOCABULARY = 20000


class Attending(nn.Module):  # W2
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 100)
        self.lstm = nn.LSTM(100, 128, batch_first=True, bidirectional=True)
        self.score = nn.Linear(256, 1)
        self.linear = nn.Linear(256, 2)

    def forward(self, x, exists):
        states, _ = self.lstm(self.embedding(x))
        scores = self.score(states).squeeze(2).masked_fill(~exists, float("-inf"))
        return self.linear((torch.softmax(scores, 1).unsqueeze(1) @ states).squeeze(1))


class MeanGru(nn.Module):  # W3
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 100)
        self.gru = nn.GRU(100, 128, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(256, 2)

    def forward(self, x, exists):
        states, _ = self.gru(self.embedding(x))
        states = states * exists.unsqueeze(2)
        return self.linear(states.sum(1) / exists.sum(1, keepdim=True))


class TextCnn(nn.Module):  # W6
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 128)
        self.filters = nn.ModuleList(nn.Conv1d(128, 100, width) for width in (3, 4, 5))
        self.linear = nn.Linear(300, 2)

    def forward(self, x, exists):
        x = self.embedding(x).transpose(1, 2)
        x = torch.cat([F.relu(f(x)).max(2)[0] for f in self.filters], 1)
        return self.linear(F.dropout(x, 0.5, self.training))


class TaughtCell(nn.Module):
    """The LSTM as its six equations, packed as one would by hand."""

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.input = nn.Linear(inputs, 4 * hidden)
        self.state = nn.Linear(hidden, 4 * hidden, bias=False)
        self.hidden = hidden

    def forward(self, x):
        h = torch.zeros(x.size(0), self.hidden)
        c = torch.zeros(x.size(0), self.hidden)
        for t in range(x.size(1)):
            i, f, g, o = (self.input(x[:, t]) + self.state(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h


class OneWay(nn.Module):  # W8
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 100)
        self.built_in = kind == "w8"
        cell = nn.LSTM(100, 128, batch_first=True) if self.built_in else TaughtCell(100, 128)
        self.cell = torch.jit.script(cell) if kind == "w8_script" else cell
        self.linear = nn.Linear(128, 2)

    def forward(self, x, exists):
        x = self.embedding(x)
        return self.linear(self.cell(x)[1][0][0] if self.built_in else self.cell(x))


class Tagger(nn.Module):  # W9
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 100)
        self.lstm = nn.LSTM(100, 100, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(200, 17)

    def forward(self, x, exists):
        return self.linear(self.lstm(self.embedding(x))[0]).flatten(0, 1)


# the model, batch, longest and shortest length, classes, a target for each word
WORKLOADS = {
    "w2": (Attending, 32, 200, 200, 2, False),
    "w2v": (Attending, 32, 200, 10, 2, False),
    "w3": (MeanGru, 32, 200, 200, 2, False),
    "w6": (TextCnn, 50, 200, 200, 2, False),
    "w8": (lambda: OneWay("w8"), 32, 200, 200, 2, False),
    "w8_loop": (lambda: OneWay("w8_loop"), 32, 200, 200, 2, False),
    "w8_script": (lambda: OneWay("w8_script"), 32, 200, 200, 2, False),
    "w9": (Tagger, 16, 25, 25, 17, True),
}
make, batch, longest, shortest, classes, every_word = WORKLOADS[options.workload]
model = make()
optimizer = torch.optim.Adam(model.parameters(), 0.001)
lengths = torch.randint(shortest, longest + 1, (batch,))
lengths[0] = longest
exists = torch.arange(longest).unsqueeze(0) < lengths.unsqueeze(1)
text = torch.randint(0, VOCABULARY, (batch, longest))
target = torch.randint(0, classes, (batch * longest if every_word else batch,))


def train():
    model.train()
    optimizer.zero_grad()
    F.cross_entropy(model(text, exists), target).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()


def predict():
    model.eval()
    with torch.no_grad():
        model(text, exists)


def median_seconds(work):
    seconds = []
    for i in range(options.repeat + 2):  # two to warm up
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[2:])[options.repeat // 2]


print(json.dumps({
    "train_seconds": median_seconds(train),
    "predict_seconds": median_seconds(predict),
    "version": torch.__version__,
}))
