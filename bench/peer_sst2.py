#!/usr/bin/python3
"""The PyTorch side of the comparison on SST-2: the model of examples/sentiment.rondo and the same
job, from the text files to the accuracy on the test set, as one would write it in PyTorch.

    pytorch_sst2.py --train train.tsv --valid dev.tsv --test test.tsv
                    [--mode padded|packed] [--threads N] [--seed N]

Each line of a file is label<TAB>text. One line of JSON goes to standard output, progress to
standard error. PyTorch is tuned as far as the environment can do it (see `tune`).
"""

import time

START = time.perf_counter()

import argparse
import json
import os
import random
import re
import resource
import sys
from collections import Counter

EMBEDDING, HIDDEN, DROPOUT = 100, 128, 0.5
RATE, CLIP, BATCH, MAX_LENGTH, MAX_VOCAB, MIN_COUNT = 0.001, 5.0, 32, 256, 20000, 2
EVALUATION_BATCH = 128
PAD, UNKNOWN = 0, 1

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--train", required=True)
parser.add_argument("--valid", required=True)
parser.add_argument("--test", required=True)
parser.add_argument("--mode", choices=["padded", "packed"], default="padded")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--flush-denormals", action="store_true", help="torch.set_flush_denormal")
options = parser.parse_args()


def tune(threads):
    """Must come before PyTorch is loaded. OpenBLAS 0.3.21 does not know newer server cores by
    itself and falls back to its AVX2 kernels; unbound threads wander. Values that the environment
    has already are kept."""
    with open("/proc/cpuinfo") as file:
        if "avx512" in file.read():
            os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
    os.environ.setdefault("OMP_PROC_BIND", "true")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))


tune(options.threads)
before_import = time.perf_counter()
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

IMPORT_SECONDS = time.perf_counter() - before_import

# What torchtext's basic_english does, in its order.
REPLACEMENTS = [(re.compile(pattern), by) for pattern, by in [
    (r"'", " '  "), (r'"', ""), (r"\.", " . "), (r"<br />", " "), (r",", " , "), (r"\(", " ( "),
    (r"\)", " ) "), (r"!", " ! "), (r"\?", " ? "), (r";", " "), (r":", " ")]]


def tokenize(text):
    text = text.lower()
    for pattern, by in REPLACEMENTS:
        text = pattern.sub(by, text)
    return text.split()


def read(path):
    """[(label, words)]"""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t", 1) for line in file]
    return [(label, tokenize(text)[:MAX_LENGTH]) for label, text in lines]


def make_vocabulary(examples):
    counts = Counter(word for _, words in examples for word in words)
    kept = [word for word, count in counts.most_common(MAX_VOCAB - 1) if count >= MIN_COUNT]
    return {word: number for number, word in enumerate(kept, start=UNKNOWN + 1)}


def encode(examples, vocabulary, labels):
    return [(labels.index(label), [vocabulary.get(word, UNKNOWN) for word in words])
            for label, words in examples]


def make_batches(examples, size, shuffle):
    """[(words [B, T] filled up with PAD, lengths [B], labels [B])], each of sentences of about one
    length. With `shuffle`, equal lengths meet at random and the batches come in random order."""
    order = list(range(len(examples)))
    if shuffle:
        random.shuffle(order)
    order.sort(key=lambda i: -len(examples[i][1]))
    batches = []
    for start in range(0, len(order), size):
        chosen = [examples[i] for i in order[start:start + size]]
        longest = len(chosen[0][1])
        words = [sentence + [PAD] * (longest - len(sentence)) for _, sentence in chosen]
        batches.append((torch.tensor(words), torch.tensor([len(words) for _, words in chosen]),
                        torch.tensor([label for label, _ in chosen])))
    if shuffle:
        random.shuffle(batches)
    return batches


class Sentiment(nn.Module):
    def __init__(self, vocabulary_size, packed):
        super().__init__()
        self.packed = packed
        self.embedding = nn.Embedding(vocabulary_size, EMBEDDING, padding_idx=PAD)
        self.lstm = nn.LSTM(EMBEDDING, HIDDEN, batch_first=True, bidirectional=True)
        self.attention = nn.Linear(2 * HIDDEN, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.logits = nn.Linear(2 * HIDDEN, 2)

    def forward(self, words, lengths):
        x = self.embedding(words)
        if self.packed:
            packed = pack_padded_sequence(x, lengths, batch_first=True)
            states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        else:
            states, _ = self.lstm(x)
        scores = self.attention(states).squeeze(2).masked_fill(words == PAD, float("-inf"))
        weights = torch.softmax(scores, dim=1)
        context = torch.bmm(weights.unsqueeze(1), states).squeeze(1)
        return self.logits(self.dropout(context))


def train_epoch(model, optimizer, examples):
    model.train()
    for words, lengths, labels in make_batches(examples, BATCH, shuffle=True):
        optimizer.zero_grad()
        cross_entropy(model(words, lengths), labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()


def accuracy(model, examples):
    model.eval()
    right = 0
    with torch.no_grad():
        for words, lengths, labels in make_batches(examples, EVALUATION_BATCH, shuffle=False):
            right += int((model(words, lengths).argmax(dim=1) == labels).sum())
    return right / len(examples)


def main():
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(options.flush_denormals)
    torch.manual_seed(options.seed)
    random.seed(options.seed)

    texts = [read(path) for path in (options.train, options.valid, options.test)]
    vocabulary = make_vocabulary(texts[0])
    labels = sorted({label for label, _ in texts[0]})
    train, valid, test = (encode(examples, vocabulary, labels) for examples in texts)

    model = Sentiment(len(vocabulary) + 2, options.mode == "packed")
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    seconds, best, best_state, valid_accuracies = [], -1.0, None, []
    for epoch in range(1, options.epochs + 1):
        start = time.perf_counter()
        train_epoch(model, optimizer, train)
        seconds.append(time.perf_counter() - start)
        valid_accuracies.append(accuracy(model, valid))
        print("epoch %d: %.1f s, dev accuracy %.4f" % (epoch, seconds[-1], valid_accuracies[-1]),
              file=sys.stderr)
        if valid_accuracies[-1] > best:
            best = valid_accuracies[-1]
            best_state = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    test_accuracy = accuracy(model, test)

    words = sum(len(sentence) for _, sentence in train)
    print(json.dumps({
        "mode": options.mode, "threads": options.threads, "seed": options.seed,
        "epochs": options.epochs, "vocabulary": len(vocabulary) + 1, "sentences": len(train),
        "words": words,
        "import_seconds": round(IMPORT_SECONDS, 3),
        "training_seconds": round(sum(seconds), 3),
        "total_seconds": round(time.perf_counter() - START, 3),
        "words_per_second": round(words * options.epochs / sum(seconds)),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "epoch_seconds": [round(s, 3) for s in seconds],
        "valid_accuracies": [round(a, 4) for a in valid_accuracies],
        "test_accuracy": round(test_accuracy, 4),
    }))


if __name__ == "__main__":
    main()
