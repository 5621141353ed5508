/* Splits a text into words, with the rules of torchtext's basic_english and Unicode throughout.
 *
 * The text is put into the normal form NFC and into lower case (final sigma included). Then
 *
 *     ' . , ( ) ! ?         are words of their own: "don't" is don ' t
 *     "                     vanishes: what stands on its sides becomes one word
 *     ; : <br />            part words, as white space does
 *     white space           what Unicode calls so, and what Python's str.split() parts at
 */
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
    void *regex; /* what rd_tokenize_regex made of its pattern */
} RdTokenizer;

/* For tokenizers of other files. Checks the text as rd_tokenize does and makes room for tokens of
 * `room` bytes, their NULs included; rd_tokenizer_put adds one, which is not empty. */
bool rd_tokenizer_begin(RdTokenizer *tokenizer, const char *text, size_t length, size_t room,
                        RdError *error);
void rd_tokenizer_put(RdTokenizer *tokenizer, const char *token, size_t length);

/* Fills tokenizer->word and count with the words of text[0 .. length); there may be none. False,
 * with the byte's offset in the message, when the text is not valid UTF-8 or contains a NUL. */
bool rd_tokenize(RdTokenizer *tokenizer, const char *text, size_t length, RdError *error);

/* The same with the characters of the text, as it stands but in NFC: each code point is a word. */
bool rd_tokenize_chars(RdTokenizer *tokenizer, const char *text, size_t length, RdError *error);

/* The same with what stands between white space (what Python's str.split() parts at), as it is. */
bool rd_tokenize_whitespace(RdTokenizer *tokenizer, const char *text, size_t length,
                            RdError *error);

/* The same with the bytes of the text, each under its name (bytes.h). */
bool rd_tokenize_bytes(RdTokenizer *tokenizer, const char *text, size_t length, RdError *error);

/* The same with the matches of a pattern, an extended regular expression of POSIX, each the
 * leftmost one and of these the longest; what lies between them vanishes, as do matches of nothing.
 * Classes such as [[:alpha:]] are those of Unicode. Each line of a text is matched for itself. A
 * tokenizer has one pattern, always the same. False also when the pattern is none. */
bool rd_tokenize_regex(RdTokenizer *tokenizer, const char *pattern, const char *text, size_t length,
                       RdError *error);

/* The words of a text that is split already, each as it stands, in whatever case: those between the
 * characters of `separators`. The text is valid UTF-8 without NUL. */
void rd_split(RdTokenizer *tokenizer, const char *text, const char *separators);

void rd_tokenizer_free(RdTokenizer *tokenizer);

/* The offset of the first byte that is not valid UTF-8, or `length` when all are. */
size_t rd_utf8_valid(const char *text, size_t length);

#endif
