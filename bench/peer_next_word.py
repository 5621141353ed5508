#!/usr/bin/python3
"""The PyTorch side of W1: the job of examples/next_word.rondo, from start to the trained model."""

import sys

import torch
from torch import nn

words = "hello how are you hello how is".split()
names = sorted(set(words))
numbers = torch.tensor([names.index(word) for word in words])
inputs = torch.stack([numbers[i:i + 2] for i in range(len(words) - 2)])
targets = numbers[2:]


class NextWord(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(names), 10)
        self.lstm = nn.LSTM(10, 20, batch_first=True)
        self.linear = nn.Linear(20, len(names))

    def forward(self, x):
        return self.linear(self.lstm(self.embedding(x))[0][:, -1])


torch.set_num_threads(1)
torch.manual_seed(1)
model = NextWord()
optimizer = torch.optim.Adam(model.parameters(), 0.01)
for epoch in range(300):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(inputs), targets)
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), sys.argv[1])
print("%.4f" % loss.item())
