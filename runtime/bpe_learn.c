/* Learning the merges of a byte-pair encoding. The counts of all pairs are kept up to date; a heap
 * finds the one that occurs most often. What it says of a pair may be too much, as merges take away
 * occurrences: it is then put back with its count. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bpe.h"

/* A piece as tokens. */
typedef struct {
    int *token;
    int length;
    long count;
} Piece;

typedef struct {
    int left, right;
    long count;
    int *piece; /* [pieces] those that had it when they were last looked at, some twice */
    size_t pieces, room;
    int touched; /* the last round that added occurrences */
} Pair;

typedef struct {
    long count;
    int pair;
} Entry;

typedef struct {
    RdBpe *bpe;
    Piece *piece;
    int pieces;
    Pair *pair;
    size_t pairs, pair_room;
    size_t *slot; /* [slots] hash table: pair + 1, or 0 */
    size_t slots;
    Entry *heap;
    size_t entries, entry_room;
    int round;    /* counts merges */
    int *changed; /* pairs that this round adds to */
    size_t changes, change_room;
} Learner;

/* ---- the heap ---- */

/* Whether x is merged before y. */
static bool before(const Learner *l, const Entry *x, const Entry *y) {
    const Pair *a = &l->pair[x->pair], *b = &l->pair[y->pair];
    if (x->count != y->count) return x->count > y->count;
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static void swap(Learner *l, size_t a, size_t b) {
    Entry entry = l->heap[a];
    l->heap[a] = l->heap[b];
    l->heap[b] = entry;
}

static void push(Learner *l, int pair) {
    l->heap = rd_grow(l->heap, &l->entry_room, l->entries + 1, sizeof *l->heap);
    size_t at = l->entries++;
    l->heap[at] = (Entry){l->pair[pair].count, pair};
    for (; at && before(l, &l->heap[at], &l->heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(l, at, (at - 1) / 2);
}

static Entry pop(Learner *l) {
    Entry first = l->heap[0];
    l->heap[0] = l->heap[--l->entries];
    for (size_t at = 0, child; (child = 2 * at + 1) < l->entries; at = child) {
        bool right = child + 1 < l->entries && before(l, &l->heap[child + 1], &l->heap[child]);
        child += right;
        if (!before(l, &l->heap[child], &l->heap[at])) break;
        swap(l, at, child);
    }
    return first;
}

/* ---- the counts ---- */

static size_t find(const Learner *l, int left, int right) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    key *= UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(key ^ key >> 29) & (l->slots - 1);
    for (; l->slot[at]; at = (at + 1) & (l->slots - 1)) {
        const Pair *pair = &l->pair[l->slot[at] - 1];
        if (pair->left == left && pair->right == right) break;
    }
    return at;
}

static void grow_table(Learner *l) {
    free(l->slot);
    l->slots = l->slots ? 2 * l->slots : 1024;
    l->slot = rd_zeros(l->slots, sizeof *l->slot);
    for (size_t i = 0; i < l->pairs; i++)
        l->slot[find(l, l->pair[i].left, l->pair[i].right)] = i + 1;
}

static Pair *pair_of(Learner *l, int left, int right) {
    if (2 * (l->pairs + 1) > l->slots) grow_table(l);
    size_t at = find(l, left, right);
    if (!l->slot[at]) {
        l->pair = rd_grow(l->pair, &l->pair_room, l->pairs + 1, sizeof *l->pair);
        l->pair[l->pairs] = (Pair){.left = left, .right = right, .touched = -1};
        l->slot[at] = ++l->pairs;
    }
    return &l->pair[l->slot[at] - 1];
}

/* Adds the pairs of a piece to the counts. */
static void add_pairs(Learner *l, int number) {
    const Piece *piece = &l->piece[number];
    for (int i = 0; i + 1 < piece->length; i++) {
        Pair *pair = pair_of(l, piece->token[i], piece->token[i + 1]);
        pair->count += piece->count;
        if (!pair->pieces || pair->piece[pair->pieces - 1] != number) {
            pair->piece = rd_grow(pair->piece, &pair->room, pair->pieces + 1, sizeof *pair->piece);
            pair->piece[pair->pieces++] = number;
        }
        if (pair->touched == l->round) continue;
        pair->touched = l->round;
        l->changed = rd_grow(l->changed, &l->change_room, l->changes + 1, sizeof *l->changed);
        l->changed[l->changes++] = (int)(pair - l->pair);
    }
}

static void take_pairs(Learner *l, const Piece *piece) {
    for (int i = 0; i + 1 < piece->length; i++)
        pair_of(l, piece->token[i], piece->token[i + 1])->count -= piece->count;
}

/* Puts the pairs that were added to on the heap. */
static void push_changed(Learner *l) {
    for (size_t i = 0; i < l->changes; i++) push(l, l->changed[i]);
    l->changes = 0;
}

/* ---- merging ---- */

static bool has(const Piece *piece, int left, int right) {
    for (int i = 0; i + 1 < piece->length; i++)
        if (piece->token[i] == left && piece->token[i + 1] == right) return true;
    return false;
}

static void merge_piece(Piece *piece, int left, int right, int made) {
    int length = 0;
    for (int i = 0; i < piece->length; i++) {
        bool pair =
            i + 1 < piece->length && piece->token[i] == left && piece->token[i + 1] == right;
        piece->token[length++] = pair ? made : piece->token[i];
        i += pair;
    }
    piece->length = length;
}

static void merge(Learner *l, int number) {
    Pair pair = l->pair[number]; /* pairs may move */
    l->pair[number].piece = NULL;
    l->pair[number].pieces = l->pair[number].room = 0;
    int which = rd_bpe_find(l->bpe, pair.left, pair.right); /* one that occurs again */
    if (which < 0) which = rd_bpe_merge(l->bpe, pair.left, pair.right);
    int made = l->bpe->made[which];
    l->round++;
    for (size_t i = 0; i < pair.pieces; i++) {
        Piece *piece = &l->piece[pair.piece[i]];
        if (!has(piece, pair.left, pair.right)) continue;
        take_pairs(l, piece);
        merge_piece(piece, pair.left, pair.right, made);
        add_pairs(l, pair.piece[i]);
    }
    free(pair.piece);
    push_changed(l);
}

/* ---- all ---- */

static void begin(Learner *l, const RdBpePiece *piece, int count) {
    l->piece = rd_zeros((size_t)count + 1, sizeof *l->piece);
    l->pieces = count;
    for (int i = 0; i < count; i++) {
        char *bytes = rd_zeros(strlen(piece[i].name) + 1, 1);
        int length = (int)rd_bytes_named(piece[i].name, bytes);
        l->piece[i] = (Piece){rd_zeros((size_t)length + 1, sizeof(int)), length, piece[i].count};
        for (int k = 0; k < length; k++)
            l->piece[i].token[k] = rd_byte_place((unsigned char)bytes[k]);
        free(bytes);
        add_pairs(l, i);
    }
    push_changed(l);
}

static void end(Learner *l) {
    for (int i = 0; i < l->pieces; i++) free(l->piece[i].token);
    for (size_t i = 0; i < l->pairs; i++) free(l->pair[i].piece);
    free(l->piece);
    free(l->pair);
    free(l->slot);
    free(l->heap);
    free(l->changed);
}

RdBpe *rd_bpe_learn(const RdBpePiece *piece, int count, int merges, long least) {
    Learner l = {.bpe = rd_bpe_new()};
    begin(&l, piece, count);
    while (l.bpe->merges < merges && l.entries) {
        Entry first = pop(&l);
        long now = l.pair[first.pair].count;
        const Pair *pair = &l.pair[first.pair];
        if (now < least || rd_bpe_reserved(l.bpe, pair->left, pair->right)) continue;
        if (now != first.count)
            push(&l, first.pair);
        else
            merge(&l, first.pair);
    }
    end(&l);
    return l.bpe;
}
