"""The workloads in PyTorch: what Rondo's peers run. Each is a module that takes a batch of padded
sequences, and says which parameter of a Rondo model file each of its own is."""

import re

import torch
from torch import nn
from torch.nn import functional as F

WORDS = 20000


class Attending(nn.Module):  # W2
    names = [(r"embedding", "x"), (r"lstm\.(\w+)_l0_reverse", r"reverse.\1"),
             (r"lstm\.(\w+)_l0", r"forward.\1"), (r"score\.weight", "attention.score"),
             (r"score\.bias", "attention.bias"), (r"linear", "logits")]

    def __init__(self, words=WORDS):
        super().__init__()
        self.embedding = nn.Embedding(words, 100)
        self.lstm = nn.LSTM(100, 128, batch_first=True, bidirectional=True)
        self.score = nn.Linear(256, 1)
        self.linear = nn.Linear(256, 2)

    def forward(self, x, exists):
        states = both_ways(self.lstm, self.embedding(x), exists)
        scores = self.score(states).squeeze(2).masked_fill(~exists, float("-inf"))
        return self.linear((torch.softmax(scores, 1).unsqueeze(1) @ states).squeeze(1))


class MeanGru(nn.Module):  # W3
    names = [(r"embedding", "x"), (r"gru\.(\w+)_l0_reverse", r"reverse.\1"),
             (r"gru\.(\w+)_l0", r"forward.\1"), (r"linear", "logits")]

    def __init__(self, words=WORDS):
        super().__init__()
        self.embedding = nn.Embedding(words, 100)
        self.gru = nn.GRU(100, 128, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(256, 2)

    def forward(self, x, exists):
        states = both_ways(self.gru, self.embedding(x), exists) * exists.unsqueeze(2)
        return self.linear(states.sum(1) / exists.sum(1, keepdim=True))


class TextCnn(nn.Module):  # W6
    names = [(r"embedding", "x"), (r"filters\.0", "conv.filters"),
             (r"filters\.1", "conv_2.filters"), (r"filters\.2", "conv_3.filters"),
             (r"linear", "logits")]

    def __init__(self, words=WORDS):
        super().__init__()
        self.embedding = nn.Embedding(words, 128)
        self.filters = nn.ModuleList(nn.Conv1d(128, 100, width) for width in (3, 4, 5))
        self.linear = nn.Linear(300, 2)

    def forward(self, x, exists):
        x = self.embedding(x).transpose(1, 2)
        pooled = [largest(F.relu(f(x)), exists[:, f.kernel_size[0] - 1:]) for f in self.filters]
        return self.linear(F.dropout(torch.cat(pooled, 1), 0.5, self.training))


class TaughtCell(nn.Module):
    """The LSTM as its equations, packed as one would by hand."""

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.input = nn.Linear(inputs, 4 * hidden)
        self.state = nn.Linear(hidden, 4 * hidden, bias=False)
        self.hidden = hidden

    def forward(self, x):
        h = torch.zeros(x.size(0), self.hidden)
        c = torch.zeros(x.size(0), self.hidden)
        states = []
        for t in range(x.size(1)):
            i, f, g, o = (self.input(x[:, t]) + self.state(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return torch.stack(states, 1)


class OneWay(nn.Module):  # W8
    names = [(r"embedding", "x"), (r"cell\.(\w+)_l0", r"s.\1"), (r"linear", "logits")]

    def __init__(self, words=WORDS):
        super().__init__()
        self.embedding = nn.Embedding(words, 100)
        self.cell = self.make_cell()
        self.linear = nn.Linear(128, 2)

    def make_cell(self):
        return nn.LSTM(100, 128, batch_first=True)

    def run(self, x):
        return self.cell(x)[0]

    def forward(self, x, exists):
        states = self.run(self.embedding(x))
        if self.training:  # of one length
            return self.linear(states[:, -1])
        return self.linear(states[torch.arange(x.size(0)), exists.sum(1) - 1])


class OneWayLoop(OneWay):
    names = [(r"embedding", "x"), (r"linear", "logits")]
    joined = {"cell.input.weight": ["s.W_i", "s.W_f", "s.W_g", "s.W_o"],
              "cell.state.weight": ["s.U_i", "s.U_f", "s.U_g", "s.U_o"],
              "cell.input.bias": ["s.b_i", "s.b_f", "s.b_g", "s.b_o"]}

    def make_cell(self):
        return TaughtCell(100, 128)

    def run(self, x):
        return self.cell(x)


class OneWayScript(OneWayLoop):
    def make_cell(self):
        return torch.jit.script(TaughtCell(100, 128))


class Tagger(nn.Module):  # W9
    names = [(r"embedding", "x"), (r"lstm\.(\w+)_l0_reverse", r"reverse.\1"),
             (r"lstm\.(\w+)_l0", r"forward.\1"), (r"linear", "logits")]

    def __init__(self, words=WORDS):
        super().__init__()
        self.embedding = nn.Embedding(words, 100)
        self.lstm = nn.LSTM(100, 100, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(200, 17)

    def forward(self, x, exists):
        return self.linear(both_ways(self.lstm, self.embedding(x), exists))


def both_ways(net, x, exists):
    """Runs it over padded sequences. The reverse direction begins with the padding then, so where
    results count the sequences are packed; where time counts, padding is the faster way."""
    if not both_ways.exact or bool(exists.all()):
        return net(x)[0]
    packed = nn.utils.rnn.pack_padded_sequence(x, exists.sum(1), batch_first=True,
                                               enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(net(packed)[0], batch_first=True)[0]


both_ways.exact = False


def largest(x, exists):
    """Over the windows that exist, of numbers that are not below zero."""
    return (x * exists.unsqueeze(1)).max(2)[0]


class Workload:
    def __init__(self, make, batch, longest, shortest=None, classes=2, every_word=False):
        self.make, self.batch, self.longest = make, batch, longest
        self.shortest = shortest or longest
        self.classes, self.every_word = classes, every_word

    def batch_of(self, batch, longest):
        """Made-up inputs (words [B, T], and which of them exist), and targets."""
        lengths = torch.randint(min(self.shortest, longest), longest + 1, (batch,))
        lengths[0] = longest
        exists = torch.arange(longest).unsqueeze(0) < lengths.unsqueeze(1)
        text = torch.randint(0, WORDS, (batch, longest))
        targets = torch.randint(0, self.classes, text.shape if self.every_word else (batch,))
        return (text, exists), targets

    def loss(self, logits, inputs, targets):
        if not self.every_word:
            return F.cross_entropy(logits, targets)
        exists = inputs[1]
        return F.cross_entropy(logits[exists], targets[exists])


WORKLOADS = {
    "w2": Workload(Attending, 32, 200),
    "w2v": Workload(Attending, 32, 200, shortest=10),
    "w3": Workload(MeanGru, 32, 200),
    "w6": Workload(TextCnn, 50, 200),
    "w8": Workload(OneWay, 32, 200),
    "w8_loop": Workload(OneWayLoop, 32, 200),
    "w8_script": Workload(OneWayScript, 32, 200),
    "w9": Workload(Tagger, 16, 25, classes=17, every_word=True),
}


def load(model, tensors):
    """Gives `model` the numbers of a Rondo model file. Filters of a convolution lie there as
    [filter][step][channel]; `joined` are parameters that are several there."""
    state = {}
    for name, own in model.state_dict().items():
        if name in getattr(model, "joined", {}):
            value = torch.cat([tensors[part] for part in model.joined[name]])
        else:
            theirs = next((re.sub("^" + pattern, by, name) for pattern, by in model.names
                           if re.match(pattern, name)), name)
            value = tensors[theirs]
        if own.dim() == 3:
            filters, channels, width = own.shape
            value = value.reshape(filters, width, channels).transpose(1, 2)
        state[name] = value.reshape(own.shape)
    model.load_state_dict(state)
