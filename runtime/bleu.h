/* How near produced texts are to what they should be.
 *
 * BLEU of a corpus (Papineni et al. 2002) as sacrebleu 2 computes it by default (signature
 * nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp): 100 times the brevity penalty times the geometric
 * mean of the precisions of 1- to 4-grams; where no n-gram of an order is right, 1 / 2 is, and for
 * every further such order half of that. 0 where no word is right.
 *
 * Error rates: the least number of insertions, deletions and substitutions that make the one text
 * the other (Levenshtein), over the length of what it should be, summed over all texts: of words,
 * which stand between white space, and of characters, which are code points. Above 1 when the text
 * is much too long. */
#ifndef RONDO_BLEU_H
#define RONDO_BLEU_H

#include "tokenize.h"

enum { RD_BLEU_ORDER = 4 };

typedef struct {
    long right[RD_BLEU_ORDER], all[RD_BLEU_ORDER]; /* n-grams of what was produced */
    long produced, wanted;                         /* words */
} RdBleu;

/* Counts a text. Both are valid UTF-8. */
void rd_bleu_add(RdBleu *bleu, const char *produced, const char *wanted);
double rd_bleu(const RdBleu *bleu); /* from 0 to 100 */

/* The words of a text by the rules of mteval-v13a. */
void rd_tokenize_13a(RdTokenizer *tokenizer, const char *text);

typedef struct {
    long errors, length;
} RdErrorRate;

void rd_words_add(RdErrorRate *rate, const char *produced, const char *wanted);
void rd_chars_add(RdErrorRate *rate, const char *produced, const char *wanted);
double rd_error_rate(const RdErrorRate *rate); /* 0 where nothing was wanted and nothing produced */

/* The edit distance of two lists of words. */
long rd_edit_distance(const char *const *a, int a_count, const char *const *b, int b_count);

#endif
