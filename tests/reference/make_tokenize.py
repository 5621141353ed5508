#!/usr/bin/env python3
"""Makes tokenize.jsonl: texts and their words, by the rules of torchtext's basic_english.

The rules are the substitutions that basic_english makes one after the other, applied to the text in
NFC and lower case with Python's own functions. Needs Python's standard library alone."""

import json
import random
import re
import unicodedata
from pathlib import Path

RULES = [
    (r"'", " '  "),
    (r'"', ""),
    (r"\.", " . "),
    (r"<br />", " "),
    (r",", " , "),
    (r"\(", " ( "),
    (r"\)", " ) "),
    (r"!", " ! "),
    (r"\?", " ? "),
    (r";", " "),
    (r":", " "),
    (r"\s+", " "),
]

PIECES = (
    list("abcXYZ019'\".,()!?;: \t\n-_/*#&")
    + ["<br />", "<BR />", "<br/>", "<br ", "the", "Film", "n't"]
    + ["\u00c9", "E\u0301", "a\u0308", "\u0301", "\u0327", "\u00df", "\u1e9e", "\u0130", "\u212b"]
    + ["\u03a3", "\u03c2", "\u039f\u03a3", "\u0410\u0411", "\u4e2d\u6587", "\ud55c", "\u1112\u1161\u11ab"]
    + ["\u00a0", "\u2009", "\u3000", "\u0085", "\u001f", "\u200b", "\ufeff", "\U0001f600", "\U00010400"]
    + ["\u2019", "\u201c", "\u2026", "\uff0c", "\u037e"]
)

SENTENCES = [
    "",
    " \t\r\n ",
    "It's a \"great\" movie, isn't it?",
    "a stirring , funny and finally transporting re-imagining of beauty and the beast",
    "No.1 (again); see: http://example.org/a?b=c!<br /><br />The END...",
    "L'\u00c9t\u00e9 o\u00f9 l'on NA\u00ceT \u2014 d\u00e9j\u00e0 vu?",
    "\u039f \u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u0394\u0399\u0391\u03a3. \u03a3\u0391\u03a3!",
    "STRASSE Stra\u00dfe STRA\u1e9eE \u0130stanbul \u212bngstr\u00f6m",
]


def words(text):
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text.split()


def main():
    draw = random.Random(1)
    texts = SENTENCES + ["".join(draw.choices(PIECES, k=draw.randint(1, 16))) for _ in range(600)]
    lines = [json.dumps([text, words(text)]) + "\n" for text in texts]
    (Path(__file__).parent / "tokenize.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    main()
