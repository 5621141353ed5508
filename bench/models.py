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


class Language(nn.Module):
    """Two LSTMs, or one, over the words before each word."""

    names = [(r"embedding", "embedding"), (r"lstm\.(\w+)_l0", r"first.\1"),
             (r"lstm\.(\w+)_l1", r"second.\1"), (r"linear", "logits")]

    def __init__(self, words, width, hidden, layers, p=0.0):
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, hidden, layers, batch_first=True, dropout=p)
        self.linear = nn.Linear(hidden, words)
        self.p = p

    def forward(self, x, exists):
        x = F.dropout(self.embedding(x), self.p, self.training)
        return self.linear(F.dropout(self.lstm(x)[0], self.p, self.training))


class OneLayerLanguage(Language):  # C1
    names = [(r"embedding", "embedding"), (r"lstm\.(\w+)_l0", r"states.\1"), (r"linear", "logits")]


class Translation(nn.Module):  # W7
    names = [(r"source", "x"), (r"french", "embedding"), (r"gru\.(\w+)_l0_reverse", r"reverse.\1"),
             (r"gru\.(\w+)_l0", r"forward.\1"), (r"start", "linear"), (r"query", "decoder.linear"),
             (r"score", "decoder.score"), (r"cell", "decoder.new"), (r"linear", "logits")]

    def __init__(self, source_words=8000, french_words=8000):
        super().__init__()
        self.source = nn.Embedding(source_words, 256)
        self.french = nn.Embedding(french_words, 256)
        self.gru = nn.GRU(256, 256, batch_first=True, bidirectional=True)
        self.seen = nn.Linear(512, 256)
        self.start = nn.Linear(512, 256)
        self.query = nn.Linear(256, 256)
        self.score = nn.Parameter(torch.rand(256) - 0.5)
        self.cell = nn.GRUCell(768, 256)
        self.linear = nn.Linear(256, french_words)

    def forward(self, source, exists, french, french_exists):
        keys, last = both_ways(self.gru, self.source(source), exists, last=True)
        seen = self.seen(keys)
        s = torch.tanh(self.start(torch.cat([last[0], last[1]], 1)))
        y, states = self.french(french), []
        for t in range(french.size(1)):
            scores = torch.tanh(seen + self.query(s).unsqueeze(1)) @ self.score
            weights = torch.softmax(scores.masked_fill(~exists, float("-inf")), 1)
            context = (weights.unsqueeze(1) @ keys).squeeze(1)
            s = self.cell(torch.cat([y[:, t], context], 1), s)
            states.append(s)
        return self.linear(torch.stack(states, 1))


class Encoder(nn.Module):  # W10
    names = [(r"embedding", "x"), (r"encoder", "states"), (r"linear", "logits")]

    def __init__(self, words=WORDS):
        super().__init__()
        self.embedding = nn.Embedding(words, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 512, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        for layer in self.encoder.layers:
            layer.self_attn.dropout = 0.0  # as in the file: no dropout of the weights
        self.linear = nn.Linear(128, 2)

    def forward(self, x, exists):
        mask = None if exists is None else ~exists
        states = self.encoder(self.embedding(x), src_key_padding_mask=mask) * exists.unsqueeze(2)
        return self.linear(states.sum(1) / exists.sum(1, keepdim=True))


def both_ways(net, x, exists, last=False):
    """Runs it over padded sequences. The reverse direction begins with the padding then, so where
    results count the sequences are packed; where time counts, padding is the faster way."""
    if not both_ways.exact or bool(exists.all()):
        states, final = net(x)
    else:
        packed = nn.utils.rnn.pack_padded_sequence(x, exists.sum(1), batch_first=True,
                                                   enforce_sorted=False)
        states, final = net(packed)
        states = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)[0]
    return (states, final) if last else states


both_ways.exact = False


def largest(x, exists):
    """Over the windows that exist, of numbers that are not below zero."""
    return (x * exists.unsqueeze(1)).max(2)[0]


class Workload:
    """What a model reads is its inputs; `exists` of them tells which steps have a target."""

    def __init__(self, make, batch, longest, shortest=None, classes=2, every_word=False,
                 words=WORDS, texts=1):
        self.make, self.batch, self.longest, self.words = make, batch, longest, words
        self.shortest, self.texts = shortest or longest, texts
        self.classes, self.every_word = classes, every_word

    def text_of(self, batch, longest):
        """Made-up words [B, T], and which of them exist."""
        lengths = torch.randint(min(self.shortest, longest), longest + 1, (batch,))
        lengths[0] = longest
        exists = torch.arange(longest).unsqueeze(0) < lengths.unsqueeze(1)
        return torch.randint(0, self.words, (batch, longest)), exists

    def batch_of(self, batch, longest):
        """Inputs, and targets."""
        inputs = [part for _ in range(self.texts) for part in self.text_of(batch, longest)]
        shape = inputs[-1].shape if self.every_word else (batch,)
        return tuple(inputs), torch.randint(0, self.classes, shape)

    def loss(self, logits, inputs, targets):
        if not self.every_word:
            return F.cross_entropy(logits, targets)
        exists = inputs[-1]
        return F.cross_entropy(logits[exists], targets[exists])


def language(make, batch, longest, words):
    return Workload(make, batch, longest, classes=words, every_word=True, words=words)


WORKLOADS = {
    "w2": Workload(Attending, 32, 200),
    "w2v": Workload(Attending, 32, 200, shortest=10),
    "w3": Workload(MeanGru, 32, 200),
    "w4": language(lambda words=10000: Language(words, 256, 256, 2, 0.2), 20, 35, 10000),
    "w5": language(lambda words=65: Language(words, 64, 512, 2), 50, 100, 65),
    "w6": Workload(TextCnn, 50, 200),
    "w7": Workload(Translation, 64, 20, classes=8000, every_word=True, words=8000, texts=2),
    "w8": Workload(OneWay, 32, 200),
    "w8_loop": Workload(OneWayLoop, 32, 200),
    "w8_script": Workload(OneWayScript, 32, 200),
    "w9": Workload(Tagger, 16, 25, classes=17, every_word=True),
    "w10": Workload(Encoder, 32, 128),
    "c1": language(lambda words=65: OneLayerLanguage(words, 64, 128, 1), 64, 70, 65),
}


CHARACTERS = ("w5", "c1")  # these read characters, the others words


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
