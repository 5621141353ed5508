#include "tokens.h"

#include <string.h>

#include "bytes.h"

const char rd_mark[] = "</s>";

typedef struct {
    const char *name, *unit, *units;
    bool (*part)(RdTokenizer *, const char *, size_t, RdError *);
    bool words; /* a dictionary may have them */
    bool bytes; /* tokens are named by bytes.h */
    bool blank; /* one stands between two tokens of a text */
} Tokens;

static const Tokens table[] = {
    [RD_BY_WORDS] = {"words", "word", "words", rd_tokenize, true, false, true},
    [RD_BY_CHARS] = {"chars", "character", "characters", rd_tokenize_chars, false, false, false},
    [RD_BY_BYTES] = {"bytes", "byte", "bytes", rd_tokenize_bytes, false, true, false},
    [RD_BY_BPE] = {"bpe", "token", "tokens", NULL, false, true, false},
    [RD_BY_REGEX] = {"regex", "token", "tokens", NULL, true, false, true},
    [RD_BY_WHITESPACE] = {"whitespace", "word", "words", rd_tokenize_whitespace, true, false, true},
};

static const Tokens *of(const RdColumn *column) { return &table[column->tokens]; }

const char *rd_tokens_name(const RdColumn *column) { return of(column)->name; }
const char *rd_token_unit(const RdColumn *column) { return of(column)->unit; }
const char *rd_token_units(const RdColumn *column) { return of(column)->units; }
bool rd_tokens_are_words(const RdColumn *column) { return of(column)->words; }
bool rd_tokens_are_bytes(const RdColumn *column) { return of(column)->bytes; }

bool rd_tokens_are_letters(const RdColumn *column) {
    return !of(column)->blank && column->tokens != RD_BY_BPE;
}

const char *rd_token_line_end(const RdColumn *column) {
    if (of(column)->blank) return rd_mark;
    return of(column)->bytes ? "Ċ" : "\n"; /* as bytes.h names it */
}

bool rd_tokens_of(const RdColumn *column, const RdBpe *bpe, RdTokenizer *tokenizer,
                  const char *text, size_t length, RdError *error) {
    if (column->tokens == RD_BY_REGEX)
        return rd_tokenize_regex(tokenizer, column->pattern, text, length, error);
    if (column->tokens == RD_BY_BPE) return rd_tokenize_bpe(tokenizer, bpe, text, length, error);
    return of(column)->part(tokenizer, text, length, error);
}

size_t rd_token_text(const RdColumn *column, const char *token, bool first, char *out) {
    size_t blank = of(column)->blank && !first, length = strlen(token);
    if (blank) *out++ = ' ';
    if (of(column)->bytes)
        length = rd_bytes_named(token, out);
    else
        memcpy(out, token, length);
    out[length] = '\0';
    return blank + length;
}
