#!/usr/bin/python3
"""The course of a training: examples/next_word.rondo from weights of PyTorch, 300 steps of Adam on five pairs of words. See
README.md."""

import os

import torch
from torch import nn
from torch.nn import functional as F

from reference import FOLDER, write_safetensors

TEXT = "hello how are you hello how is".split()
CLASSES = ["hello", "how", "are", "you", "is"]
STEPS, EVERY = 300, 50


class NextWord(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(CLASSES) + 1, 10)  # 0 is <unk>
        self.states = nn.LSTM(10, 20, batch_first=True)
        self.logits = nn.Linear(20, len(CLASSES))

    def forward(self, words):
        return self.logits(self.states(self.embedding(words))[1][0][-1])


def main():
    torch.manual_seed(4)
    pairs = [(TEXT[i:i + 2], TEXT[i + 2]) for i in range(len(TEXT) - 2)]
    words = torch.tensor([[1 + CLASSES.index(word) for word in pair] for pair, _ in pairs])
    labels = torch.tensor([CLASSES.index(word) for _, word in pairs])
    model = NextWord()
    tensors = {"tokens.ragged": words.flatten(), "lengths.ragged": torch.full((len(pairs),), 2),
               "labels.ragged": labels}
    for name, parameter in model.named_parameters():
        tensors["param." + name.replace("_l0", "")] = parameter.detach().clone()
    model.double()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(words), labels)
        loss.backward()
        optimizer.step()
        if step % EVERY == 0:
            losses.append(loss.item())
    tensors["course.ragged"] = torch.tensor(losses)
    tensors["logits.ragged"] = model(words).detach()
    print("losses " + " ".join("%.4f" % loss for loss in losses))
    write_safetensors(os.path.join(FOLDER, "next_word.safetensors"), tensors)


if __name__ == "__main__":
    main()
