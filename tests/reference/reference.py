"""What the make_*.py scripts share: the batches, the training loop and the file they write.

A model is an nn.Module whose `parts()` names its layers as a Rondo model names them and whose
`forward(words)` takes ONE sentence (a 1-D tensor of word numbers) and returns its logits and, where
it has them, its attention weights. Sentences are computed one by one, each at its own length, so no
padding and no mask can have any part in the numbers.
"""

import json
import os
import random
import struct

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import nn
from torch.nn import functional as F

FOLDER = os.path.dirname(os.path.abspath(__file__))
LENGTHS = {"single": [7], "equal": [6] * 4, "ragged": [1, 2, 3, 17, 40, 5, 23]}
STEPS = 20
CLIPS = [5.0, 0.1]


def make_batches(seed, vocabulary):
    """{name: [(words, label)]}; in the ragged batch the first and the last word of the vocabulary
    occur, one word fills a sentence of its own, and both labels are there in each larger batch."""
    generator = random.Random(seed)
    batches = {}
    for name, lengths in LENGTHS.items():
        batch = []
        for i, length in enumerate(lengths):
            words = [generator.randrange(vocabulary) for _ in range(length)]
            batch.append((words, i % 2 if i < 2 else generator.randrange(2)))
        batches[name] = batch
    longest = max(batches["ragged"], key=lambda example: len(example[0]))[0]
    longest[0], longest[10], longest[11] = 0, vocabulary - 1, vocabulary - 1
    return batches


def fill(model, seed, bound, grid=None, **bounds):
    """Gives every parameter its value: uniform in [-bound, bound] (or in the bound given for its
    last name), embeddings normal. The bounds are wider than a start of training has them: gates and
    attention shall be far from linear. The values come from Python's own generator, so that they
    are the same with every PyTorch, and are exact in float32. With `grid` they are multiples of
    1 / grid (such a file packs to half its size)."""
    generator = random.Random(seed)
    for name, parameter in named(model):
        limit = bounds.get(name.split(".")[-1], bound)
        draw = generator.gauss if name == "x.weight" else generator.uniform
        spread = (0, 1) if name == "x.weight" else (-limit, limit)
        values = [draw(*spread) for _ in range(parameter.numel())]
        if grid:
            values = [round(value * grid) / grid for value in values]
        with torch.no_grad():
            parameter.copy_(torch.tensor(values, dtype=torch.float32).view(parameter.shape))


def named(model):
    """[(Rondo's name, parameter)]: the scope's name and a dot, unless it is "", PyTorch's name, without "_l0" where
    there is one layer; "__" stands for a dot, which PyTorch does not allow in names."""
    result = []
    for scope, part in model.parts().items():
        for name, parameter in part.named_parameters():
            if getattr(part, "num_layers", 1) == 1:
                name = name.replace("_l0", "")
            result.append(((scope + "." if scope else "") + name.replace("__", "."), parameter))
    assert len(result) == len(list(model.parameters()))
    return result


def run(model, batch):
    """The mean loss and the outputs by name, sentence by sentence: the logits [B, C] and, where the
    model has attention, its weights [sum of lengths]. A model may have a `run` of its own."""
    if hasattr(model, "run"):
        return model.run(batch)
    if hasattr(model, "begin"):
        model.begin(batch)
    outputs = [model(torch.tensor(words)) for words, _ in batch]
    if hasattr(model, "cost"):  # a tagger: scores a word, the loss a sentence
        costs = [model.cost(output[0], tags) for output, (_, tags) in zip(outputs, batch)]
        return torch.stack(costs).mean(), {"logits": torch.cat([output[0] for output in outputs])}
    logits = torch.stack([output[0] for output in outputs])
    labels = torch.tensor([label for _, label in batch])
    attention = [output[1] for output in outputs if output[1] is not None]
    named_outputs = {"logits": logits}
    if attention:
        named_outputs["attention"] = torch.cat(attention)
    return getattr(model, "loss", F.cross_entropy)(logits, labels), named_outputs


def gradients(model, batch):
    model.zero_grad()
    run(model, batch)[0].backward()
    return [(name, parameter.grad.clone()) for name, parameter in named(model)]


def train(model, batch, clip, rate):
    """The loss before each of STEPS steps of Adam on the one batch, and the norm of the gradient
    before clipping. Leaves the model as it was."""
    start = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = run(model, batch)[0]
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), clip)))
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), start):
            parameter.copy_(value)
    return torch.tensor(losses).double(), torch.tensor(norms).double()


def results(model, batches, rate, gradients_of, masked):
    """All numbers of a case under the keys that README.md explains, but not its inputs."""
    tensors = {}
    for name, batch in batches.items():
        if masked:
            loss, outputs = run(model.train(), batch)
            tensors["masked.logits." + name] = outputs["logits"].detach()
            tensors["masked.loss." + name] = loss.detach()
        loss, outputs = run(model.eval(), batch)
        model.train()
        first, *others = ["%s.%s" % (key, name) for key in outputs]
        values = [value.detach() for value in outputs.values()]
        tensors[first] = values[0]
        tensors["loss." + name] = loss.detach()
        tensors.update(zip(others, values[1:]))
        if hasattr(model, "path"):
            paths = [model.path(model(torch.tensor(words))[0].detach()) for words, _ in batch]
            tensors["path." + name] = torch.tensor([float(tag) for path in paths for tag in path])
        if name in gradients_of:
            for parameter, gradient in gradients(model, batch):
                tensors["grad.%s.%s" % (name, parameter)] = gradient
    for clip in CLIPS:
        losses, norms = train(model, batches["ragged"], clip, rate)
        tensors["losses.clip%g" % clip] = losses
        tensors["norms.clip%g" % clip] = norms
    return tensors


def inputs(model, batches):
    tensors = {}
    for name, batch in batches.items():
        if hasattr(model, "columns"):
            tensors.update({"%s.%s" % (key, name): value
                            for key, value in model.columns(batch).items()})
            continue
        tensors["tokens." + name] = torch.tensor([w for words, _ in batch for w in words])
        tensors["lengths." + name] = torch.tensor([len(words) for words, _ in batch])
        labels = [label for _, label in batch]
        if isinstance(labels[0], list):  # a tag for each word
            labels = [tag for tags in labels for tag in tags]
        tensors["labels." + name] = torch.tensor(labels)
    for name, parameter in named(model):
        tensors["param." + name] = parameter.detach().clone()
    return tensors


def make_case(case, model, batches, rate=0.01, gradients_of=tuple(LENGTHS), gradients_apart=False,
              masked=False):
    """Computes the case in float64 and writes <case>.safetensors; with `gradients_apart` the
    gradients go to <case>_grad.safetensors. Prints how far PyTorch's own float32 lies from that:
    the tolerance of a test must leave room for it."""
    model = model.double()
    exact = results(model, batches, rate, gradients_of, masked)
    everything = {**inputs(model, batches), **exact}
    single = results(model.float(), batches, rate, gradients_of, masked)

    files = {case: everything}
    if gradients_apart:
        files[case + "_grad"] = {k: v for k, v in everything.items() if k.startswith("grad.")}
        files[case] = {k: v for k, v in everything.items() if not k.startswith("grad.")}
    sizes = [write_safetensors(os.path.join(FOLDER, name + ".safetensors"), tensors)
             for name, tensors in files.items()]
    print("%-18s %7.1f KB   float32 is off by: logits %.1e, gradients %.1e (relative), losses %.1e"
          % (case, sum(sizes) / 1024, distance(exact, single, "logits."),
             distance(exact, single, "grad.", relative=True), distance(exact, single, "losses.")))


def distance(exact, other, prefix, relative=False):
    """The largest difference; relative to the largest element of the same tensor. A gradient that
    is zero but for rounding (attention.bias) has no relative difference."""
    worst = 0.0
    for name, value in exact.items():
        scale = float(value.abs().max()) if name.startswith(prefix) else 0.0
        if scale > 1e-12:
            difference = float((value - other[name].double()).abs().max())
            worst = max(worst, difference / scale if relative else difference)
    return worst


def write_safetensors(path, tensors):
    """8 bytes little-endian length of the header, the header (JSON: dtype, shape and the place of
    each tensor in the data), the data. Returns the file's size."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        integer = tensor.dtype == torch.int64
        values = tensor.flatten().tolist()
        start = len(data)
        data += struct.pack("<%d%s" % (len(values), "i" if integer else "f"), *values)
        header[name] = {"dtype": "I32" if integer else "F32", "shape": list(tensor.shape),
                        "data_offsets": [start, len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the data is aligned
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    return 8 + len(text) + len(data)
