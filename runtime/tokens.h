/* The tokenizers: what a column of text is parted into, and how its tokens become text again.
 *
 *     words       the words of torchtext's basic_english (tokenize.h); a blank between two
 *     chars       characters in NFC; nothing between them
 *     bytes       bytes, under the names of bytes.h; the text comes back as it was
 *     whitespace  what stands between white space, as it is; a blank between two
 *     bpe         groups of bytes (bpe.h), under the names of bytes.h; the text comes back as it
 * was
 *     regex       the matches of a pattern, as they are; a blank between two
 */
#ifndef RONDO_TOKENS_H
#define RONDO_TOKENS_H

#include "bpe.h"
#include "rondo.h"
#include "status.h"
#include "tokenize.h"

/* The mark that ends a text and stands before its first word, number RD_MARK: "</s>". */
extern const char rd_mark[];

/* What the language calls the tokenizer of a RD_WORDS column, and what one of its tokens is in a
 * message, or several are: "chars", "character", "characters". */
const char *rd_tokens_name(const RdColumn *column);
const char *rd_token_unit(const RdColumn *column);
const char *rd_token_units(const RdColumn *column);

/* Whether the tokens are words, as dictionaries have them. */
bool rd_tokens_are_words(const RdColumn *column);

/* Whether the vocabulary has all bytes, and is known without data but for what bpe learned. */
bool rd_tokens_are_bytes(const RdColumn *column);

/* Whether they are characters or bytes, of which one counts bits. */
bool rd_tokens_are_letters(const RdColumn *column);

/* The token that stands for the end of a line in a long text: the mark among words, whose lines end
 * in no other way; the line end itself among characters and bytes. */
const char *rd_token_line_end(const RdColumn *column);

/* Parts a text: as rd_tokenize. `bpe` is what was learned, of tokens that are; NULL gives the
 * pieces that it is learned from. */
bool rd_tokens_of(const RdColumn *column, const RdBpe *bpe, RdTokenizer *tokenizer,
                  const char *text, size_t length, RdError *error);

/* The text that a token adds, `first` saying that none stands before it: its bytes, and a blank
 * before them where the tokenizer asks for one. Writes to out, which has room for two bytes more
 * than the token has, and a NUL behind it. Returns how many bytes, the NUL not counted. */
size_t rd_token_text(const RdColumn *column, const char *token, bool first, char *out);

#endif
