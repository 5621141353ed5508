#!/usr/bin/python3
"""Reference numbers for a tagger with characters, models/tagger.rondo. See README.md."""

import random

import torch
from torch import nn
from torch.nn import functional as F

from reference import fill, make_batches, make_case

VOCABULARY, LETTERS, TAGS, LONGEST = 30, 12, 5, 9


def joined(lists):
    return [value for values in lists for value in values]


def make_spellings(seed):
    """The letters of each word of the vocabulary: 1 to LONGEST of them."""
    generator = random.Random(seed)
    lengths = [1, LONGEST] + [generator.randrange(1, LONGEST + 1) for _ in range(VOCABULARY - 2)]
    return [[generator.randrange(LETTERS) for _ in range(length)] for length in lengths]


class Tagger(nn.Module):
    """Each word is read by itself, letter by letter, then the sentence word by word."""

    def __init__(self, spellings):
        super().__init__()
        self.spellings = spellings
        self.x = nn.Embedding(VOCABULARY, 6)
        self.letter = nn.Embedding(LETTERS, 4)
        self.prefix, self.suffix = nn.GRU(4, 5), nn.GRU(4, 5)
        self.forward_words, self.reverse_words = nn.LSTM(16, 7), nn.LSTM(16, 7)
        self.logits = nn.Linear(14, TAGS)

    def parts(self):
        return {"x": self.x, "letter": self.letter, "prefix": self.prefix, "suffix": self.suffix,
                "forward": self.forward_words, "reverse": self.reverse_words, "logits": self.logits}

    def spell(self, word):
        letters = self.letter(torch.tensor(self.spellings[word]))
        return torch.cat([self.prefix(letters.flip(0))[0][-1], self.suffix(letters)[0][-1]])

    def forward(self, words):
        spelled = torch.stack([self.spell(int(word)) for word in words])
        sequence = torch.cat([self.x(words), spelled], dim=1)
        forward = self.forward_words(sequence)[0]
        reverse = self.reverse_words(sequence.flip(0))[0].flip(0)
        return self.logits(torch.cat([forward, reverse], dim=1))

    def run(self, batch):
        """The loss is the mean over all words of the batch."""
        logits = torch.cat([self(torch.tensor(words)) for words, _ in batch])
        return F.cross_entropy(logits, torch.tensor(joined(tags for _, tags in batch))), {
            "logits": logits}

    def columns(self, batch):
        words = joined(words for words, _ in batch)
        rows = {"tokens": words, "lengths": [len(words) for words, _ in batch],
                "labels": joined(tags for _, tags in batch),
                "letters": joined(self.spellings[word] for word in words),
                "letter_counts": [len(self.spellings[word]) for word in words]}
        return {key: torch.tensor(values) for key, values in rows.items()}


def tagged(batches, seed):
    """The same sentences with a tag for each word in the place of the label."""
    generator = random.Random(seed)
    return {name: [(words, [generator.randrange(TAGS) for _ in words]) for words, _ in batch]
            for name, batch in batches.items()}


def main():
    model = Tagger(make_spellings(1))
    fill(model, 40, bound=0.5)
    make_case("tagger", model, tagged(make_batches(140, VOCABULARY), 2))


if __name__ == "__main__":
    main()
