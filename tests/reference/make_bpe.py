#!/usr/bin/env python3
"""Makes bpe.json: a text, the merges that Hugging Face's tokenizers (0.23.3) learns from it, and texts
with their tokens. Needs `pip install tokenizers`."""

import json
import random
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

MERGES = 300
WORDS = (
    "the a of and to in is it that was he she they we you be being been low lower lowest newer newest wide widest "
    "it's we're they've I'm she'll he'd don't Don'T 'tis rock'n'roll re-do 2024 3.14 10,000 x2 caf\u00e9 na\u00efve "
    "\u0130stanbul \u4e2d\u6587\u5b57 \u00bd \u2167 \ud55c\uae00 \u0301 e\u0301 \U0001f600 \u00ad \u2014 \u2026 ... --- !? (a) [b] \u201cc\u201d aaaa aaaaaaa abcabc"
).split()
GAPS = [" "] * 20 + ["  ", "   ", "\t", " \t ", "\u00a0", "\u3000 ", "\r", " \u2009", "\u001c", "\u0085", ""]


def text(draw, words):
    parts = []
    for _ in range(words):
        parts += [WORDS[min(int(draw.expovariate(0.05)), len(WORDS) - 1)], draw.choice(GAPS)]
    return "".join(parts)


def main():
    draw = random.Random(3)
    lines = [text(draw, draw.randint(1, 25)) for _ in range(150)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + MERGES, min_frequency=2, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer)
    merges = [" ".join(m) for m in json.loads(tokenizer.to_str())["model"]["merges"]]
    texts = lines[:20] + [text(draw, draw.randint(1, 12)) for _ in range(60)] + ["", " ", "  ", "a ", " a", "'s", " 's"]
    cases = [[t, tokenizer.encode(t).tokens] for t in texts]
    file = Path(__file__).parent / "bpe.json"
    file.write_text(json.dumps({"lines": lines, "merges": merges, "cases": cases}, indent=0) + "\n")


if __name__ == "__main__":
    main()
