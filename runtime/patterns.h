/* What rd_tokenize_regex keeps of its pattern. */
#ifndef RONDO_PATTERNS_H
#define RONDO_PATTERNS_H

/* Frees a tokenizer's regex; NULL is none. */
void rd_regex_free(void *regex);

#endif
