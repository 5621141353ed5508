/* Splits a text into words, as torchtext's basic_english does: lower case; the marks . , ( ) ! ?
 * and ' are words of their own (' starts the word list anew: "don't" is don ' t); " vanishes;
 * ; : and <br /> part words like white space. Beyond ASCII: the text is put into the normal form
 * NFC, lower-cased by Unicode's rules (final sigma included), and parted at Unicode white space. */
#ifndef RONDO_TOKENIZE_H
#define RONDO_TOKENIZE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Scratch memory that is kept from text to text. Starts as {0}. */
typedef struct {
    const char **word; /* [count] each NUL-terminated, valid until the next call */
    int count;
    size_t bytes; /* of all words with their NULs: they follow each other from word[0] on */
    /* private: */
    size_t word_capacity, text_capacity, code_capacity;
    char *text;
    int32_t *code;
} RdTokenizer;

/* Fills tokenizer->word and count with the words of text[0 .. length); there may be none. False,
 * with the byte's offset in the message, when the text is not valid UTF-8 or contains a NUL. */
bool rd_tokenize(RdTokenizer *tokenizer, const char *text, size_t length, RdError *error);

void rd_tokenizer_free(RdTokenizer *tokenizer);

/* The offset of the first byte that is not valid UTF-8, or `length` when all are. */
size_t rd_utf8_valid(const char *text, size_t length);

#endif
