/* Byte-pair encoding of a text's bytes (Sennrich et al. 2016), as GPT-2 has it.
 *
 * A text is first parted into pieces (rd_bpe_piece). The tokens of a piece are its bytes; then,
 * over and over, of all pairs of neighbours that are one of the merges, the one that was learned
 * first is replaced by a token, the leftmost such pair first. Put together, tokens make the same
 * bytes again.
 *
 * Learning goes through the pieces of a text: the pair that occurs most often becomes a token,
 * until there are as many merges as asked for, or no pair occurs `least` times. Of pairs that occur
 * equally often the one with the smaller left token comes first, then the smaller right one: tokens
 * are numbered from the bytes on, in the order of their characters (bytes.h). Two merges that make
 * the same bytes make the same token. All this as the `tokenizers` library of Hugging Face does it
 * (BpeTrainer, and ByteLevel with its pattern), but that a piece ends after RD_BPE_PIECE bytes. */
#ifndef RONDO_BPE_H
#define RONDO_BPE_H

#include "bytes.h"
#include "status.h"
#include "tokenize.h"

enum { RD_BPE_PIECE = 256 };

typedef struct RdBpe {
    int merges, tokens;       /* tokens: RD_BYTES and what the merges make of them */
    int *left, *right, *made; /* [merges] the two tokens, and the one that they become */
    const char **name;        /* [tokens] in the characters of bytes.h */
    /* private: */
    int *slot,
        *name_slot; /* [slot_count] hash tables of the pairs: merge + 1, or 0; of the names */
    size_t slot_count, merge_room, name_room;
} RdBpe;

/* The length of the first piece of a text, which is valid UTF-8 and not empty. The pieces of GPT-2:
 * 's 't 're 've 'm 'll 'd, and, each with a blank before it or not, letters, digits (in Unicode's
 * sense), what is neither and no white space; white space, whose last character stands alone where
 * something follows. */
size_t rd_bpe_piece(const char *text, size_t length);

/* A piece that was seen in a text: its name in the characters of bytes.h, and how often. */
typedef struct {
    const char *name;
    long count;
} RdBpePiece;

/* Learns from pieces, whose order changes nothing. Never NULL; freed with rd_bpe_free. */
RdBpe *rd_bpe_learn(const RdBpePiece *piece, int count, int merges, long least);

/* One without merges; the number of a merge of two tokens, or -1; and a new one, whose number is
 * returned. */
RdBpe *rd_bpe_new(void);
int rd_bpe_find(const RdBpe *bpe, int left, int right);
int rd_bpe_merge(RdBpe *bpe, int left, int right);

/* Whether two tokens would become a mark of vocabularies, <unk> or </s>: they are never merged. */
bool rd_bpe_reserved(const RdBpe *bpe, int left, int right);

/* From merges as text, a line each, "left right" in the names of tokens; "" is none. False, with
 * the line, when it is something else. Always sets *bpe; freed with rd_bpe_free. */
bool rd_bpe_from_text(const char *text, RdBpe **bpe, RdError *error);

void rd_bpe_free(RdBpe *bpe);

/* The tokens of a text, as rd_tokenize; with NULL its pieces, each under its name. */
bool rd_tokenize_bpe(RdTokenizer *tokenizer, const RdBpe *bpe, const char *text, size_t length,
                     RdError *error);

/* Merges the tokens of a piece; returns how many are left. */
int rd_bpe_encode(const RdBpe *bpe, int *token, int count);

#endif
