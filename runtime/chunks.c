#include "chunks.h"

#include <stdlib.h>
#include <string.h>

static const RdChunkTag outside = {'O', 0};

/* ---- tags ---- */

/* The number of a type, new ones added. */
static int type_number(RdChunks *chunks, const char *name) {
    int i = 0;
    while (i < chunks->types && strcmp(chunks->type[i], name) != 0) i++;
    if (i == chunks->types) chunks->type[chunks->types++] = name;
    return i;
}

/* tag = "O" | mark [ "-" type ]; false when it is none. */
static bool read_tag(RdChunks *chunks, const char *name, RdChunkTag *tag) {
    static const char marks[] = "BIESLU", meant[] = "BIESES";
    const char *mark = name[0] ? strchr(marks, name[0]) : NULL;
    *tag = outside;
    if (!mark || (name[1] && name[1] != '-')) return !strcmp(name, "O") || !strcmp(name, "<unk>");
    *tag = (RdChunkTag){meant[mark - marks], type_number(chunks, name[1] ? name + 2 : "")};
    return true;
}

bool rd_chunks_init(RdChunks *chunks, const char *const *names, int count) {
    size_t places = (size_t)count + 1;
    bool good = true, marked = false;
    *chunks = (RdChunks){0};
    chunks->tag = calloc(places, sizeof *chunks->tag);
    chunks->type = calloc(places, sizeof *chunks->type);
    chunks->count = calloc(places, sizeof *chunks->count);
    if (!chunks->tag || !chunks->type || !chunks->count) return false;
    type_number(chunks, "");
    for (int i = 0; i < count; i++) {
        good &= read_tag(chunks, names[i], &chunks->tag[i]);
        marked |= chunks->tag[i].mark != 'O';
    }
    chunks->apply = good && marked;
    rd_chunks_clear(chunks);
    return true;
}

void rd_chunks_free(RdChunks *chunks) {
    free(chunks->tag);
    free((void *)chunks->type);
    free(chunks->count);
    *chunks = (RdChunks){0};
}

static void begin_sentence(RdChunks *chunks) {
    chunks->truth = chunks->predicted = outside;
    chunks->inside = false;
}

void rd_chunks_clear(RdChunks *chunks) {
    memset(chunks->count, 0, (size_t)chunks->types * sizeof *chunks->count);
    begin_sentence(chunks);
}

/* ---- where chunks begin and end ---- */

/* Whether a mark is one of some. */
static bool any_of(char mark, const char *marks) { return strchr(marks, mark) != NULL; }

/* Whether a chunk ends between two words. */
static bool ends(RdChunkTag before, RdChunkTag tag) {
    return any_of(before.mark, "ES") || (any_of(before.mark, "BI") && any_of(tag.mark, "BSO")) ||
           (before.mark != 'O' && before.type != tag.type);
}

/* Whether a chunk begins behind `before`. */
static bool begins(RdChunkTag before, RdChunkTag tag) {
    return any_of(tag.mark, "BS") || (any_of(before.mark, "ESO") && any_of(tag.mark, "EI")) ||
           (tag.mark != 'O' && before.type != tag.type);
}

static void take(RdChunks *chunks, RdChunkTag truth, RdChunkTag predicted) {
    bool truth_ends = ends(chunks->truth, truth);
    bool predicted_ends = ends(chunks->predicted, predicted);
    bool truth_begins = begins(chunks->truth, truth);
    bool predicted_begins = begins(chunks->predicted, predicted);
    if (chunks->inside && truth_ends && predicted_ends) chunks->count[chunks->truth.type].right++;
    if (truth_ends || predicted_ends) chunks->inside = false;
    if (truth_begins) chunks->count[truth.type].truths++;
    if (predicted_begins) chunks->count[predicted.type].predicted++;
    if (truth_begins && predicted_begins) chunks->inside = truth.type == predicted.type;
    chunks->truth = truth;
    chunks->predicted = predicted;
}

void rd_chunks_word(RdChunks *chunks, int truth, int predicted) {
    take(chunks, chunks->tag[truth], chunks->tag[predicted]);
}

void rd_chunks_end(RdChunks *chunks) {
    take(chunks, outside, outside);
    begin_sentence(chunks);
}

/* ---- figures ---- */

RdChunkCount rd_chunks_all(const RdChunks *chunks) {
    RdChunkCount sum = {0};
    for (int i = 0; i < chunks->types; i++) {
        sum.truths += chunks->count[i].truths;
        sum.predicted += chunks->count[i].predicted;
        sum.right += chunks->count[i].right;
    }
    return sum;
}

static double quotient(long above, long below) {
    return below == 0 ? 0 : (double)above / (double)below;
}

double rd_chunk_precision(RdChunkCount count) { return quotient(count.right, count.predicted); }

double rd_chunk_recall(RdChunkCount count) { return quotient(count.right, count.truths); }

double rd_chunk_f1(RdChunkCount count) {
    return quotient(2 * count.right, count.predicted + count.truths);
}
