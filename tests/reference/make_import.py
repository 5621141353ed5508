"""Writes import.safetensors, import.vocab and import.tsv: a PyTorch module's state_dict under its own
names, the words of its embedding's rows, and what it answers for some texts. models/imported.rondo is
the same model in Rondo."""

import os

import torch
from torch import nn

from reference import FOLDER, write_safetensors

WORDS = "<pad> <unk> the film was good bad not at all".split()
TEXTS = ["the film was good", "bad", "not bad at all", "the unheard film was not good at all"]


class Imported(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 4, padding_idx=0)
        self.lstm = nn.LSTM(4, 3, num_layers=2, bidirectional=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, text):
        numbers = [WORDS.index(w) if w in WORDS else 1 for w in text.split()]
        states, _ = self.lstm(self.embedding(torch.tensor(numbers)))
        return torch.softmax(self.fc(states.mean(dim=0)), dim=0)


def main():
    torch.manual_seed(1)
    model = Imported()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    write_safetensors(os.path.join(FOLDER, "import.safetensors"), model.state_dict())
    with open(os.path.join(FOLDER, "import.vocab"), "w") as file:
        file.write("\n".join(WORDS) + "\n")
    with open(os.path.join(FOLDER, "import.tsv"), "w") as file:
        for text in TEXTS:
            file.write("%s\t%.6f\n" % (text, model(text)[1].item()))


if __name__ == "__main__":
    main()
