/* How well chunks, such as the names of persons and places, are found. The rules are those of the
 * program conlleval of the CoNLL-2000 shared task (Erik Tjong Kim Sang): a chunk is right when its
 * first word, its last word and its type are.
 *
 * A tag is O, outside of chunks, or a mark and a type: "B-person", also the mark alone. With the
 * tag before it, or O at the beginning of a sentence,
 *
 *     B begins a chunk, always; I begins one behind O, and where the type changes;
 *     a chunk ends before B, before O, and where the type changes.
 *
 * So I-person behind O is a chunk, and B-person I-place are two: what the tags of IOB1, IOB2 and
 * their mistakes mean is settled. E (of IOE, BIOES; L of BILOU) ends a chunk behind it, and S (U)
 * is one of a single word; neither changes anything for the others.
 *
 *     precision = right / predicted     recall = right / found in the data
 *     F1 = 2 precision recall / (precision + recall); a quotient with nothing below is 0 */
#ifndef RONDO_CHUNKS_H
#define RONDO_CHUNKS_H

#include <stdbool.h>

typedef struct {
    long truths;    /* chunks in the data */
    long predicted; /* chunks in the answers */
    long right;     /* chunks in both */
} RdChunkCount;

typedef struct {
    char mark; /* B I E S O */
    int type;
} RdChunkTag;

typedef struct {
    bool apply; /* the tags are of chunks: each is O, <unk>, or has a mark, as some do */
    int types;
    RdChunkTag *tag;     /* of each tag */
    const char **type;   /* [types] their names, parts of the tags' names; the first is "" */
    RdChunkCount *count; /* [types] */
    /* private: the words before */
    RdChunkTag truth, predicted;
    bool inside; /* a chunk has begun at the same word with the same type in both */
} RdChunks;

/* For tags 0 to count - 1, whose names must stay where they are. Freed with rd_chunks_free; false
 * without memory. */
bool rd_chunks_init(RdChunks *chunks, const char *const *names, int count);
void rd_chunks_free(RdChunks *chunks);
void rd_chunks_clear(RdChunks *chunks);

/* The tags of one word after the other, and the end of the sentence. */
void rd_chunks_word(RdChunks *chunks, int truth, int predicted);
void rd_chunks_end(RdChunks *chunks);

/* The sum over all types. */
RdChunkCount rd_chunks_all(const RdChunks *chunks);

double rd_chunk_precision(RdChunkCount count);
double rd_chunk_recall(RdChunkCount count);
double rd_chunk_f1(RdChunkCount count);

#endif
