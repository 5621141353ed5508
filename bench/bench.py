#!/usr/bin/python3
"""Rondo beside PyTorch on the same work, in turn, in one run. Prints ratios and writes results.md.

    bench.py RONDO [WORKLOAD…] [--threads N] [--rounds N] [--data FOLDER] [--out FILE]

Workloads are w2, w2v, w3, w6, w8, w8_equations and w9 (bench/workloads), timed as one training step
and one prediction of a batch, and sst2: the whole job of examples/sentiment.rondo, from reading the
files over five epochs, validated after each, to the accuracy on the test set. Without any, all.

Both sides run in turn, `rounds` times each; a ratio is that of the medians, its spread that of the
rounds. A share of the peak counts products alone, once forward and twice backward.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")

# the model, its options, the peers on the same work
WORKLOADS = {
    "w2": ("w2", "--batch 32 --length 200 --words 20000", ["w2"]),
    "w2v": ("w2", "--batch 32 --length 200 --shortest 10 --words 20000", ["w2v"]),
    "w3": ("w3", "--batch 32 --length 200 --words 20000", ["w3"]),
    "w6": ("w6", "--batch 50 --length 200 --words 20000", ["w6"]),
    "w8": ("w8", "--batch 32 --length 200 --words 20000", ["w8"]),
    "w8_equations": ("w8_equations", "--batch 32 --length 200 --words 20000",
                     ["w8_loop", "w8_script"]),
    "w9": ("w9", "--batch 16 --length 25 --words 20000", ["w9"]),
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("rondo")
parser.add_argument("workload", nargs="*")
parser.add_argument("--threads", type=int, help="1 and 2 without it; for sst2, 2")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--data", default=os.path.join(HERE, "../../shared/data"))
parser.add_argument("--out", default=os.path.join(HERE, "results.md"))
options = parser.parse_args()
for name in options.workload:
    if name not in WORKLOADS and name != "sst2":
        sys.exit("bench: there is no workload %s; there are %s and sst2" %
                 (name, ", ".join(WORKLOADS)))
chosen = options.workload or list(WORKLOADS) + ["sst2"]
sst2 = os.path.join(options.data, "sst2")
if "sst2" in chosen and not os.path.exists(os.path.join(sst2, "train.tsv")):
    sys.exit("bench: %s: no train.tsv here; name the folder of the data with --data" % sst2)
out = open(options.out, "w")


def say(line=""):
    print(line, flush=True)
    print(line, file=out, flush=True)


def result_of(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode:
        sys.exit("bench: %s failed: %s" % (" ".join(map(str, command)), done.stderr.strip()))
    return done.stdout


def build(source, folder):
    program = os.path.join(folder, os.path.basename(source).replace(".rondo", ""))
    result_of(options.rondo, "build", source, "-o", program)
    return program


def spread(ours, theirs):
    ratios = [b / a for a, b in zip(ours, theirs)]
    return "%.1f× (%.1f–%.1f)" % (statistics.median(theirs) / statistics.median(ours), min(ratios),
                                  max(ratios))


def compare(name, threads, folder):
    model, arguments, peers = WORKLOADS[name]
    program = build(os.path.join(HERE, "workloads", model + ".rondo"), folder)
    ours, theirs = [], {peer: [] for peer in peers}
    for _ in range(options.rounds):
        ours.append(json.loads(result_of(program, "bench", "--json", "--threads", threads,
                                         *arguments.split())))
        for peer in peers:
            theirs[peer].append(json.loads(result_of(
                PYTHON, os.path.join(HERE, "pytorch_workloads.py"), peer, "--threads", threads)))
    def of(runs, key):
        return [run[key] for run in runs]
    train, predict = of(ours, "train_seconds"), of(ours, "predict_seconds")
    share = statistics.median(a / b for a, b in zip(of(ours, "train_flops"),
                                                    of(ours, "peak_flops")))
    for peer in peers:
        their_train, their_predict = of(theirs[peer], "train_seconds"), of(theirs[peer],
                                                                           "predict_seconds")
        say("| %s | %d | %.2f | %.0f %% | %.2f | %s | %.2f | %.2f | %s |" %
            (name if peer == name else "%s, %s" % (name, peer), threads,
             1e3 * statistics.median(train), 100 * share, 1e3 * statistics.median(their_train),
             spread(train, their_train), 1e3 * statistics.median(predict),
             1e3 * statistics.median(their_predict), spread(predict, their_predict)))


def timed(*command):
    start = time.perf_counter()
    text = result_of(*command)
    return time.perf_counter() - start, text


def our_job(program, seed, threads, folder):
    model = os.path.join(folder, "model")
    files = {name: os.path.join(sst2, name + ".tsv") for name in ("train", "dev", "test")}
    seconds, _ = timed(program, "train", "--train", files["train"], "--valid", files["dev"],
                       "--seed", seed, "--threads", threads, "--model", model, "--quiet")
    more, answer = timed(program, "eval", "--model", model, "--data", files["test"], "--json")
    return seconds + more, json.loads(answer)["accuracy"]


def their_job(mode, seed, threads):
    seconds, answer = timed(PYTHON, os.path.join(HERE, "pytorch_sst2.py"), "--train",
                            os.path.join(sst2, "train.tsv"), "--valid",
                            os.path.join(sst2, "dev.tsv"), "--test",
                            os.path.join(sst2, "test.tsv"), "--threads", threads, "--seed", seed,
                            "--mode", mode, "--flush-denormals")
    return seconds, json.loads(answer)["test_accuracy"]


def whole_job(folder):
    threads = options.threads or 2
    program = build(os.path.join(HERE, "../examples/sentiment.rondo"), folder)
    say()
    say("The whole SST-2 job, %d threads, seconds from start to exit:" % threads)
    say()
    say("| seed | Rondo | test accuracy | PyTorch padded | packed | test accuracy | ratio |")
    say("| --- | --- | --- | --- | --- | --- | --- |")
    for seed in range(1, options.rounds + 1):
        ours, accuracy = our_job(program, seed, threads, folder)
        padded, their_accuracy = their_job("padded", seed, threads)
        packed, _ = their_job("packed", seed, threads)
        say("| %d | %.2f | %.4f | %.2f | %.2f | %.4f | %.1f× |" %
            (seed, ours, accuracy, padded, packed, their_accuracy, min(padded, packed) / ours))


def main():
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(": ")[1].strip() for line in file if "model name" in line), "")
    version = result_of(PYTHON, "-c", "import torch; print(torch.__version__)").strip()
    say("# Rondo beside PyTorch")
    say()
    say("%s, %d cores of %s, PyTorch %s with OpenBLAS's own kernels for the machine, threads bound, "
        "denormals flushed." % (datetime.date.today(), os.cpu_count(), cpu, version))
    with tempfile.TemporaryDirectory() as folder:
        if any(name in WORKLOADS for name in chosen):
            say()
            say("| work | threads | train ms | of peak | PyTorch | ratio | predict ms | PyTorch |"
                " ratio |")
            say("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for name in chosen:
            for threads in [options.threads] if options.threads else [1, 2]:
                if name in WORKLOADS:
                    compare(name, threads, folder)
        if "sst2" in chosen:
            whole_job(folder)


main()
