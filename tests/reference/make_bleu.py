#!/usr/bin/env python3
"""Makes bleu.json: texts with their words by sacrebleu's (2.6.0) tokenizer 13a, corpora with their BLEU,
and pairs with their error rates by jiwer (4.0.0). Needs `pip install sacrebleu jiwer`."""

import json
import random
from pathlib import Path

import jiwer
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

WORDS = "a man in the red shirt is riding his bike down a street , . two dogs play with the ball and run".split()
PIECES = list("ab09 .,-'\"&;:/()[]{}~|@$%_`^<>=+*\n\t") + ["&amp;", "&quot;", "&lt;", "&gt;", "&amp;lt;", "<skipped>",
          "-\n", "3.14", "1,000", "1990-91", "don't", "\u00e9", "\u201c", "\u3000", "\u00a0", "U.S.", "e.g.,", "..."]


def sentence(draw, length):
    return " ".join(draw.choice(WORDS) for _ in range(length))


def changed(draw, text, rate):
    words = []
    for word in text.split():
        if draw.random() < rate:
            words += draw.choice([[], [draw.choice(WORDS)], [word, draw.choice(WORDS)]])
        else:
            words.append(word)
    return " ".join(words)


def corpora(draw):
    for rate in (0, 0.1, 0.3, 0.6, 1):
        wanted = [sentence(draw, draw.randint(1, 20)) for _ in range(20)]
        yield [changed(draw, w, rate) for w in wanted], wanted
    yield ["a b c"], ["a x c d"]  # no bigram is right
    yield ["a b c d e"], ["a x b y c"]
    yield ["a b"], ["a b"]  # too short for 4-grams
    yield ["x y z w v"], ["a b c d e"]
    yield [""], ["a b"]
    yield ["the the the the the the"], ["the cat is on the mat"]


def main():
    draw = random.Random(7)
    tokenizer = Tokenizer13a()
    texts = ["".join(draw.choices(PIECES, k=draw.randint(1, 14))) for _ in range(400)]
    tokens = [[t, tokenizer(t.rstrip()).split()] for t in texts]
    bleu = BLEU()
    sets = list(corpora(draw))
    scores = [[a, b, bleu.corpus_score(a, [b]).score] for a, b in sets]
    pairs = [(a, b) for a, b in sets if all(b)][:5]
    rates = [[a, b, jiwer.wer(b, a), jiwer.cer(b, a)] for a, b in pairs]
    rates.append([["h\u00e9llo"], ["hello w"], jiwer.wer(["hello w"], ["h\u00e9llo"]), jiwer.cer(["hello w"], ["h\u00e9llo"])])
    values = {"tokens": tokens, "bleu": scores, "rates": rates, "signature": str(bleu.get_signature())}
    (Path(__file__).parent / "bleu.json").write_text(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
