#!/usr/bin/python3
"""Rondo beside what a user would pick instead, on the same work, in turn, in one run.

    bench.py RONDO [WORK…] [--against PEER…] [--threads N] [--rounds N] [--data FOLDER] [--out FILE]

Work is
  w2 w2v w3 w4 w5 w6 w7 w8 w8_equations w9 w10 c1
            a training step and a prediction of a batch (bench/workloads)
  w1        the whole job of examples/next_word.rondo, 300 epochs, from start to exit
  batch1    the prediction of one example; single steps, with weights of 32, 16 and 8 bits
  cells     cells of examples/cells beside the library's LSTM, per operation
  scaling   a training step for lengths, batches, vocabularies and hidden sizes over a 16-fold range
  start     a prediction from process start to exit; sizes of programs; time to build each example
  sst2      the whole job of examples/sentiment.rondo, from the files to the test accuracy
Without any, all. Peers are
  pytorch, onnxruntime (prediction only), jax
            of all workloads; these three without --against
  dynet     w2 w3 w4 w5 w8 w9 c1, on one thread
  onednn    w2 w5 w8 c1, most of which is recurrent: that part alone, forward and backward
  kann      w5 c1; its threads are not bound
Before time is taken, PyTorch gets the weights of a model that Rondo trained and must find the same
loss on examples of different lengths; ONNX Runtime must find the logits that PyTorch finds; JAX, DyNet
and KANN those, the loss and the norm of all gradients; oneDNN the states and the norm of the gradients
of its weights. The environment names the Python of the peers, PYTHON, and that of JAX alone,
JAX_PYTHON, whose NumPy is too new for PyTorch 1.13.

All sides run in turn, `rounds` times each; a ratio is that of the medians, its spread that of the
rounds. A share of the peak is of what multiply-adds reach in the same process, and counts products
alone, once forward and twice backward. Results go to standard output and to results.md.
"""

import argparse
import collections
import datetime
import glob
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

from works import CELLS, HERE, PEERS, PYTHON, SECTIONS, SINGLE, USUAL, WORKLOADS, ways

EXAMPLES = os.path.join(HERE, "../examples")

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("rondo")
parser.add_argument("work", nargs="*")
parser.add_argument("--against", nargs="+", choices=list(PEERS), default=USUAL)
parser.add_argument("--threads", type=int, help="1 and 2 without it; for sst2, 2")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--data", default=os.path.join(HERE, "../../shared/data"))
parser.add_argument("--out", default=os.path.join(HERE, "results.md"))
options = parser.parse_intermixed_args()
for name in options.work:
    if name not in WORKLOADS and name not in SECTIONS:
        sys.exit("bench: there is no work called %s; there are %s" %
                 (name, ", ".join([*WORKLOADS, *SECTIONS])))
chosen = options.work or [*WORKLOADS, *SECTIONS]
sst2 = os.path.join(options.data, "sst2")
if "sst2" in chosen and not os.path.exists(os.path.join(sst2, "train.tsv")):
    sys.exit("bench: %s: no train.tsv here; name the folder of the data with --data" % sst2)
out = open(options.out, "w")
median = statistics.median


# ---- printing ----


def say(line=""):
    print(line, flush=True)
    print(line, file=out, flush=True)


def heading(text):
    say()
    say("## " + text)
    say()


def table(*names):
    say("| %s |" % " | ".join(names))
    say("|%s" % (" --- |" * len(names)))


def row(*cells):
    say("| %s |" % " | ".join(str(cell) for cell in cells))


def ratio(ours, theirs):
    ratios = [b / a for a, b in zip(ours, theirs)]
    return "**%.1f×** (%.1f–%.1f)" % (median(theirs) / median(ours), min(ratios), max(ratios))


# ---- running ----


def result_of(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode:
        sys.exit("bench: %s failed: %s" % (" ".join(map(str, command)), done.stderr.strip()))
    return done.stdout


def timed(*command):
    start = time.perf_counter()
    text = result_of(*command)
    return time.perf_counter() - start, text


def build(source, folder, weights="f32"):
    program = os.path.join(folder, os.path.basename(source).replace(".rondo", ""))
    program += "" if weights == "f32" else "_" + weights
    return program, result_of(options.rondo, "build", source, "-o", program, "--weights=" + weights)


def build_text(text, name, folder, weights="f32"):
    source = os.path.join(folder, name + ".rondo")
    with open(source, "w") as file:
        file.write(text)
    return build(source, folder, weights)[0]


def workload(model):
    return os.path.join(HERE, "workloads", model + ".rondo")


def our_bench(program, threads, *arguments):
    return json.loads(result_of(program, "bench", "--json", "--threads", threads, *arguments))


def shape_of(work, **other):
    work = work._replace(**other)
    shape = ["--batch", work.batch, "--length", work.length, "--words", work.words]
    return shape + (["--shortest", work.shortest] if work.shortest else [])


def peer(which, name, *arguments):
    return json.loads(result_of(PYTHON, "-W", "ignore", os.path.join(HERE, "peer.py"), which, name,
                                *arguments))


def of(runs, key):
    return [run[key] for run in runs]


# ---- is it the same work? ----


def make_examples(path, model):
    """48 made-up examples of different lengths for what a model reads: words with a tag each, or
    lines with the columns that it declares; a text alone is plain text."""
    chance = random.Random(1)
    with open(workload(model)) as file:
        source = file.read()
    tags = re.search(r"tags\(over = \w+,([^)]*)\)", source)
    columns = re.findall(r"(?:input|target) +(\w+): +(\w+)", source)

    def text():
        return ["w%d" % chance.randrange(300) for _ in range(chance.randrange(5, 13))]

    with open(path, "w") as file:
        if not tags and len(columns) > 1:
            file.write("\t".join(name for name, _ in columns) + "\n")
        for _ in range(48):
            if tags:
                choice = re.findall(r"\w+", tags.group(1))
                file.write("".join("%s\t%s\n" % (w, chance.choice(choice)) for w in text()) + "\n")
            else:
                file.write("\t".join(chance.choice(["neg", "pos"]) if kind == "class" else
                                     " ".join(text()) for _, kind in columns) + "\n")


def check(program, name, folder):
    """Ends the run unless PyTorch finds the loss that Rondo finds."""
    work = WORKLOADS[name]
    data, model = os.path.join(folder, "examples.txt"), os.path.join(folder, "checked")
    make_examples(data, work.model)
    result_of(program, "train", "--train", data, "--model", model, "--epochs", 2, "--quiet")
    ours = json.loads(result_of(program, "eval", "--model", model, "--data", data, "--json"))["loss"]
    for theirs in ways("pytorch", name):
        loss = peer("pytorch", theirs, "--model", model, "--data", data)["loss"]
        if abs(loss - ours) > 5e-6 * max(1, abs(ours)):
            sys.exit("bench: %s: the mean loss is %.8f, and %.8f with PyTorch: not the same work" %
                     (theirs, ours, loss))
    os.remove(model)


# ---- training steps and predictions of batches ----


def measure(name, threads, program):
    work = WORKLOADS[name]
    runs = collections.defaultdict(list)
    for _ in range(options.rounds):
        runs["rondo"].append(our_bench(program, threads, *shape_of(work)))
        for which in options.against:
            for theirs in ways(which, name, threads):
                runs[which, theirs].append(peer(which, theirs, "--threads", threads))
    return runs


def batches(names, folder):
    threads = [options.threads] if options.threads else [1, 2]
    results = {}
    for name in names:
        program, _ = build(workload(WORKLOADS[name].model), folder)
        check(program, name, folder)
        for count in threads:
            results[name, count] = measure(name, count, program)
            print("bench: %s on %d: measured" % (name, count), file=sys.stderr)
    if training_peers():
        heading("Training: forward, backward, clipping, Adam")
        say_what_is_less()
        table("work", "threads", "ms", "words/s", "GFLOP/s", "of peak", *columns(training_peers()))
        for (name, count), runs in results.items():
            training(name, count, runs)
    heading("Prediction of a batch")
    say_what_is_less()
    table("work", "threads", "ms", "GFLOP/s", "of peak", *columns(options.against))
    for (name, count), runs in results.items():
        prediction(name, count, runs)
    if not options.threads:
        heading("Two threads over one")
        table("work", "training", "prediction")
        for name in names:
            one, two = (results[name, count]["rondo"] for count in threads)
            row(name, *["%.2f×" % (median(of(one, key)) / median(of(two, key)))
                        for key in ("train_seconds", "predict_seconds")])


def say_what_is_less():
    if "onednn" in options.against:
        say("oneDNN does less: the recurrent part alone, without embedding, output, clipping and optimizer.")
        say()


def training_peers():
    return [which for which in options.against if PEERS[which].trains]


def columns(peers, unit=" ms"):
    return [c for which in peers for c in (PEERS[which].title + unit, "ratio")]


def beside(seconds, runs, which, theirs, kind):
    """Two cells, blank for a workload that the peer does not have, or not on so many threads."""
    if (which, theirs) not in runs:
        return ["", ""]
    other = of(runs[which, theirs], kind + "_seconds")
    return ["%.2f" % (1e3 * median(other)), ratio(seconds, other)]


def speed(ours, kind):
    flops = median(of(ours, kind + "_flops"))
    return "%.0f" % (flops / 1e9), "%.0f %%" % (100 * flops / median(of(ours, "peak_flops")))


def training(name, count, runs):
    """A row for each way in which a peer does it."""
    ours = runs["rondo"]
    seconds = of(ours, "train_seconds")
    for theirs in sorted({way for which in training_peers() for way in ways(which, name)}) or [name]:
        row(name if theirs == name else theirs, count, "%.2f" % (1e3 * median(seconds)),
            "%.0f" % (ours[0]["steps"] / median(seconds)), *speed(ours, "train"),
            *[c for which in training_peers() for c in beside(seconds, runs, which, theirs, "train")])


def prediction(name, count, runs):
    ours = runs["rondo"]
    seconds = of(ours, "predict_seconds")
    row(name, count, "%.2f" % (1e3 * median(seconds)), *speed(ours, "predict"),
        *[c for which in options.against
          for c in beside(seconds, runs, which, (ways(which, name) or [""])[0], "predict")])


# ---- a tiny job ----


def next_word(folder):
    heading("W1: a language model on a postcard, 300 epochs, process start to exit, ms")
    program, _ = build(os.path.join(EXAMPLES, "next_word.rondo"), folder)
    pairs, model = os.path.join(folder, "pairs.tsv"), os.path.join(folder, "model")
    words = "hello how are you hello how is".split()
    with open(pairs, "w") as file:
        for i in range(len(words) - 2):
            file.write("%s %s\t%s\n" % tuple(words[i:i + 3]))
    ours, theirs = [], []
    for _ in range(max(options.rounds, 5)):
        ours.append(timed(program, "train", "--train", pairs, "--model", model, "--threads", 1,
                          "--quiet")[0])
        theirs.append(timed(PYTHON, os.path.join(HERE, "peer_next_word.py"), model + ".pt")[0])
    table("Rondo", "PyTorch", "ratio")
    row("%.1f" % (1e3 * median(ours)), "%.0f" % (1e3 * median(theirs)), ratio(ours, theirs))


# ---- one example ----


def single(folder):
    heading("Prediction of one example, one thread, µs")
    table("work", "words", "Rondo", *columns(options.against, unit=""))
    for name, length in SINGLE:
        work = WORKLOADS[name]
        program, _ = build(workload(work.model), folder)
        ours, theirs = [], collections.defaultdict(list)
        for _ in range(options.rounds):
            shape = shape_of(work, batch=1, length=length, shortest=None)
            ours.append(our_bench(program, 1, *shape, "--repeat", 400)["predict_seconds"])
            for which in options.against:
                for way in ways(which, name):
                    theirs[which].append(peer(which, way, "--batch", 1, "--length", length,
                                              "--repeat", 200)["predict_seconds"])
        row(name, length, "%.0f" % (1e6 * median(ours)),
            *[c for which in options.against
              for c in (("%.0f" % (1e6 * median(theirs[which])), ratio(ours, theirs[which]))
                        if theirs[which] else ("", ""))])


def narrow(folder):
    heading("A step of W5 with one example, one thread")
    table("weights", "µs", "MB read", "GB/s", "of reading these bytes", "over f32")
    widths = ["f32", "bf16", "int8"]
    with open(workload("w5")) as file:
        text = file.read().replace("  output ", "  generate text from logits\n  output ")
    programs = {width: build_text(text, "w5_steps", folder, width) for width in widths}
    runs = collections.defaultdict(list)
    for _ in range(options.rounds):
        for width in widths:
            runs[width].append(our_bench(programs[width], 1, "--batch", 1, "--length", 5, "--words", 65,
                                         "--repeat", 200)["generate"])
    for width in widths:
        rates, read = of(runs[width], "tokens_per_second"), runs[width][0]["weight_bytes"]
        shares = [read * run["tokens_per_second"] / run["same_bytes_per_second"]
                  for run in runs[width]]
        row(width, "%.0f" % (1e6 / median(rates)), "%.2f" % (read / 1e6),
            "%.1f" % (read * median(rates) / 1e9), "%.0f %%" % (100 * median(shares)),
            ratio([1 / rate for rate in rates],
                  [1 / rate for rate in of(runs["f32"], "tokens_per_second")]))


# ---- cells, per operation ----


def with_cell(name):
    """The example of a cell as large as W8; `lstm` is the library's."""
    with open(os.path.join(EXAMPLES, "cells", "peephole_lstm.rondo" if name == "lstm" else
                           name + ".rondo")) as file:
        text = file.read()
    if name == "lstm":
        text = re.sub(r"(?s)^.*?(?=^model )", "", text, flags=re.M).replace("peephole_lstm", "lstm")
    return (text.replace("max_length = 64", "max_length = 200")
            .replace("(100) over embedding(", "(128) over embedding("))


def cells(folder):
    heading("Cells, 100 to 128, 200 words, batch of 32, one thread: a training step")
    table("cell", "ms", "GFLOP/s", "per operation, lstm is 1")
    runs = collections.defaultdict(list)
    names = ["lstm"] + CELLS
    programs = {name: build_text(with_cell(name), "cell_" + name, folder) for name in names}
    for _ in range(options.rounds):
        for name in names:
            runs[name].append(our_bench(programs[name], 1, "--batch", 32, "--length", 200, "--words",
                                        5000))
    base = median(of(runs["lstm"], "train_flops"))
    for name in names:
        flops = median(of(runs[name], "train_flops"))
        row(name, "%.1f" % (1e3 * median(of(runs[name], "train_seconds"))), "%.0f" % (flops / 1e9),
            "%.2f" % (base / flops))


# ---- cost against sizes ----


def scaling(folder):
    heading("Cost against size: W2, a training step, one thread, ms")
    table("size", "1", "2", "4", "8", "16", "cost of 16 over 1")
    base, factors = WORKLOADS["w2"], (1, 2, 4, 8, 16)
    with open(workload("w2")) as file:
        text = file.read().replace("max_vocab = 20000", "max_vocab = 80000").replace(
            "max_length = 200", "max_length = 800")
    program = build_text(text, "w2_long", folder)
    axes = {
        "words, from 25": [(program, {"length": 25 * f, "batch": 16}) for f in factors],
        "batch, from 4": [(program, {"batch": 4 * f, "length": 100}) for f in factors],
        "vocabulary, from 5000": [(program, {"words": 5000 * f, "length": 100}) for f in factors],
        "hidden size, from 32": [(build_text(text.replace("lstm(128)", "lstm(%d)" % (32 * f)),
                                             "w2_%d" % (32 * f), folder), {"length": 50})
                                 for f in factors],
    }
    for name, points in axes.items():
        milliseconds = [1e3 * min(our_bench(p, 1, *shape_of(base, **change))["train_seconds"]
                                  for _ in range(options.rounds)) for p, change in points]
        row(name, *["%.1f" % ms for ms in milliseconds],
            "%.1f×" % (milliseconds[-1] / milliseconds[0]))


# ---- start and size ----


def start(folder):
    heading("Start, size, and time to build")
    program, _ = build(workload("w2"), folder)
    data, model = os.path.join(folder, "examples.txt"), os.path.join(folder, "model")
    make_examples(data, "w2")
    result_of(program, "train", "--train", data, "--model", model, "--epochs", 1, "--quiet")
    seconds = [timed(program, "predict", "--model", model, "w1 w2 w3")[0] for _ in range(30)]
    say("W2, process start to exit with one prediction: %.1f ms (fastest %.1f)." %
        (1e3 * median(seconds), 1e3 * min(seconds)))
    say()
    table("example", "build s", "of it Rondo ms", "program kB")
    for source in sorted(glob.glob(os.path.join(EXAMPLES, "*.rondo"))):
        seconds, report = timed(options.rondo, "build", source, "-o", os.path.join(folder, "built"))
        size = os.path.getsize(os.path.join(folder, "built"))
        row(os.path.basename(source).replace(".rondo", ""), "%.1f" % seconds,
            re.search(r"compiled +in ([\d.]+) ms", report).group(1), "%.0f" % (size / 1e3))


# ---- the whole SST-2 job ----


def our_job(program, seed, threads, folder):
    model = os.path.join(folder, "model")
    files = {name: os.path.join(sst2, name + ".tsv") for name in ("train", "dev", "test")}
    seconds, _ = timed(program, "train", "--train", files["train"], "--valid", files["dev"],
                       "--seed", seed, "--threads", threads, "--model", model, "--quiet")
    more, answer = timed(program, "eval", "--model", model, "--data", files["test"], "--json")
    return seconds + more, json.loads(answer)["accuracy"]


def their_job(mode, seed, threads):
    seconds, answer = timed(PYTHON, os.path.join(HERE, "peer_sst2.py"), "--train",
                            os.path.join(sst2, "train.tsv"), "--valid",
                            os.path.join(sst2, "dev.tsv"), "--test",
                            os.path.join(sst2, "test.tsv"), "--threads", threads, "--seed", seed,
                            "--mode", mode, "--flush-denormals")
    return seconds, json.loads(answer)["test_accuracy"]


def whole_job(folder):
    threads = options.threads or 2
    program, _ = build(os.path.join(EXAMPLES, "sentiment.rondo"), folder)
    heading("The whole SST-2 job, %d threads, seconds from start to exit" % threads)
    table("seed", "Rondo", "test accuracy", "PyTorch padded", "packed", "test accuracy", "ratio")
    for seed in range(1, options.rounds + 1):
        ours, accuracy = our_job(program, seed, threads, folder)
        padded, their_accuracy = their_job("padded", seed, threads)
        packed, _ = their_job("packed", seed, threads)
        row(seed, "%.2f" % ours, "%.4f" % accuracy, "%.2f" % padded, "%.2f" % packed,
            "%.4f" % their_accuracy, "**%.1f×**" % (min(padded, packed) / ours))


def main():
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(": ")[1].strip() for line in file if "model name" in line), "")
    say("# Rondo beside others")
    say()
    say("%s, %d cores of %s; %s. PyTorch with OpenBLAS's own kernels for the machine; all with "
        "threads bound and denormals flushed." %
        (datetime.date.today(), os.cpu_count(), cpu,
         ", ".join("%s %s" % (PEERS[which].title, result_of(*PEERS[which].version).strip())
                   for which in options.against)))
    with tempfile.TemporaryDirectory() as folder:
        names = [name for name in chosen if name in WORKLOADS]
        if names:
            batches(names, folder)
        for name, section in [("w1", next_word), ("batch1", single), ("batch1", narrow), ("cells", cells),
                              ("scaling", scaling), ("start", start), ("sst2", whole_job)]:
            if name in chosen:
                section(folder)


main()
