/* Sentences with a word a line and its annotations in columns, an empty line behind each.
 *
 * CONLL: columns parted by tabs or, when the line has none, by blanks. There are no comments: '#'
 * may be a word. A sentence of the word -DOCSTART-, which begins the documents of CoNLL-2003, is
 * left out.
 *
 * CONLLU: the ten columns of https://universaldependencies.org/format.html, parted by tabs. Lines
 * that begin with '#' before the first word are comments. The lines of multiword tokens (ID 3-4)
 * and of empty nodes (ID 3.1) are left out, so that the words are the syntactic words 1, 2, 3…
 *
 * All lines have as many columns as the first. */
#ifndef RONDO_CONLL_H
#define RONDO_CONLL_H

#include "reader.h"

typedef struct RdConll RdConll;

/* Reads from `reader`, whose format is CONLL or CONLLU and which must outlive it. Freed with
 * rd_conll_free. */
RdConll *rd_conll_new(RdReader *reader);
void rd_conll_free(RdConll *conll); /* does nothing for NULL */

/* The next sentence: a field for each column, with its words joined by newlines; valid until the
 * next call. A line that is wrong makes its sentence a bad record: "path:line: …". */
RdReadStatus rd_conll_next(RdConll *conll, RdRecord *sentence, RdError *error);

/* The place of a column: its name in CoNLL-U, in upper or lower case (FORM UPOS…), or its number,
 * the first being 1. -1 when there is none such. */
int rd_conll_column(RdFormat format, int columns, const char *name);

#endif
