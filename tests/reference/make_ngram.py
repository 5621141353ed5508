#!/usr/bin/env python3
"""Makes ngram.json: sums of -log p of n-gram models, from the equations of runtime/ngram.h, with
dictionaries of tuples. Needs Python's standard library alone."""

import json
import math
import random
from collections import Counter, defaultdict
from pathlib import Path

VOCAB, MARK = 12, 1


def padded(text, n):
    return [MARK] * (n - 1) + text


def grams(texts, n, order):
    for text in texts:
        words = padded(text, n)
        for i in range(n - 1, len(words)):
            yield tuple(words[i - order + 1 : i + 1])


def add_k(texts, n, k, text):
    count = Counter(grams(texts, n, n))
    context = Counter()
    for gram, c in count.items():
        context[gram[:-1]] += c
    return sum(-math.log((count[g] + k) / (context[g[:-1]] + k * VOCAB)) for g in grams([text], n, n))


def kneser_ney(texts, n, text):
    value = {n: Counter(grams(texts, n, n))}
    for order in range(n - 1, 0, -1):
        left = defaultdict(set)
        for gram in grams(texts, n, order + 1):
            left[gram[1:]].add(gram[0])
        value[order] = Counter({gram: len(before) for gram, before in left.items()})
    followers = {o: defaultdict(list) for o in value}
    discount = {}
    for order, counts in value.items():
        for gram, c in counts.items():
            followers[order][gram[:-1]].append(c)
        ns = [sum(c == i for c in counts.values()) for i in range(5)]
        y = ns[1] / (ns[1] + 2 * ns[2]) if ns[1] else 0
        discount[order] = [0] + [
            min(max(i - (i + 1) * y * ns[i + 1] / ns[i] if ns[i] else (y, 1, 2)[i - 1], 0), i) for i in (1, 2, 3)
        ]

    def p(gram):
        if not gram:
            return 1 / VOCAB
        order, d = len(gram), discount[len(gram)]
        seen = followers[order].get(gram[:-1])
        if not seen:
            return p(gram[1:])
        own = value[order].get(gram, 0)
        left = sum(d[min(c, 3)] for c in seen)
        return (max(own - d[min(own, 3)], 0) + left * p(gram[1:])) / sum(seen)

    return sum(-math.log(p(g)) for g in grams([text], n, n))


def sample(draw, length):
    word, text = 2, []
    for _ in range(length):
        word = (word * 5 + draw.choice([1, 1, 1, 2, 3, 7])) % (VOCAB - 3)
        text.append(word)
    return text + [MARK]


def main():
    draw = random.Random(5)
    train = [sample(draw, draw.randint(0, 40)) for _ in range(12)]
    test = [sample(draw, 60) + [10, 2, 11], [MARK], [11, 11, 3]]
    cases = [
        [n, k, i, add_k(train, n, k, text) if k else kneser_ney(train, n, text)]
        for n in (1, 2, 3, 5)
        for k in (0, 0.1, 1)
        for i, text in enumerate(test)
    ]
    values = {"vocab": VOCAB, "mark": MARK, "train": train, "test": test, "cases": cases}
    (Path(__file__).parent / "ngram.json").write_text(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
