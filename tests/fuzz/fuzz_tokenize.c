/* The tokenizers on any bytes; the first byte says which. Tokens are not empty. Words hold no white
 * space and are words again; bytes, and what is learned of them, make the text again. */
#include <stdlib.h>
#include <string.h>

#include "tokens.h"

static RdTokenizer tokenizer, again;

static void check(bool good) {
    if (!good) abort();
}

/* Merges that the text itself teaches. */
static RdBpe *learn(const RdColumn *column, const char *text, size_t size) {
    static RdBpePiece piece[1000];
    int count = 0;
    if (!rd_tokens_of(column, NULL, &tokenizer, text, size, NULL)) return NULL;
    for (; count < tokenizer.count && count < 1000; count++)
        piece[count] = (RdBpePiece){tokenizer.word[count], 1 + count % 3};
    return rd_bpe_learn(piece, count, 50, 2);
}

static void check_tokens(void) {
    const char *end = tokenizer.count ? tokenizer.word[0] : NULL;
    for (int i = 0; i < tokenizer.count; i++) {
        const char *word = tokenizer.word[i];
        size_t length = strlen(word);
        check(word == end && length > 0 && rd_utf8_valid(word, length) == length);
        end = word + length + 1;
    }
    check(tokenizer.count == 0 || end == tokenizer.word[0] + tokenizer.bytes);
}

static void check_words_again(const RdColumn *column) {
    for (int i = 0; i < tokenizer.count; i++) {
        const char *word = tokenizer.word[i];
        check(rd_tokens_of(column, NULL, &again, word, strlen(word), NULL) && again.count == 1);
    }
}

static void check_text_again(const RdColumn *column, const char *text, size_t size) {
    char *out = malloc(tokenizer.bytes + 1), *at = out;
    for (int i = 0; i < tokenizer.count; i++)
        at += rd_token_text(column, tokenizer.word[i], i == 0, at);
    check((size_t)(at - out) == size && memcmp(out, text, size) == 0);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const RdTokens kinds[] = {RD_BY_WORDS,      RD_BY_CHARS, RD_BY_BYTES,
                                     RD_BY_WHITESPACE, RD_BY_BPE,   RD_BY_REGEX};
    if (size-- < 1) return 0;
    const RdColumn column = {.tokens = kinds[bytes[0] % 6],
                             .pattern = "[[:alpha:]]+|[0-9]|[^[:space:]]"};
    const char *text = (const char *)bytes + 1;
    RdBpe *bpe = column.tokens == RD_BY_BPE ? learn(&column, text, size) : NULL;
    bool valid = rd_utf8_valid(text, size) == size && !memchr(text, 0, size);
    bool good = rd_tokens_of(&column, bpe, &tokenizer, text, size, NULL);
    check(good == valid && (good || tokenizer.count == 0));
    check_tokens();
    if (good && rd_tokens_are_words(&column)) check_words_again(&column);
    if (good && rd_tokens_are_bytes(&column)) check_text_again(&column, text, size);
    rd_bpe_free(bpe);
    return 0;
}
