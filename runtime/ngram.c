#include "ngram.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "alloc.h"

/* An n-gram of some order: a child of the one without its last number. Node 0 is the empty one. */
typedef struct {
    uint32_t order, count; /* how often it was seen */
    uint32_t before;       /* how many different numbers stand before it */
    uint32_t types[3];     /* its children x with v(x) of 1, of 2, of more */
    uint64_t counts, sum;  /* of its children: the sums of count and of v */
} Node;

typedef struct {
    uint32_t parent;
    int32_t word;
    uint32_t node; /* 0: empty */
} Slot;

struct RdNgram {
    int n, vocab, mark;
    Node *node;
    size_t count, room;
    Slot *slot; /* [slots] hash table: parent and word to node */
    size_t slots;
    double discount[RD_MAX_NGRAM + 1][3]; /* of each order */
};

/* ---- the nodes ---- */

static Slot *find(const RdNgram *g, uint32_t parent, int word) {
    uint64_t key = ((uint64_t)parent << 32 | (uint32_t)word) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(key >> 20 ^ key >> 44) & (g->slots - 1);
    for (; g->slot[at].node; at = (at + 1) & (g->slots - 1))
        if (g->slot[at].parent == parent && g->slot[at].word == word) break;
    return &g->slot[at];
}

static void grow_table(RdNgram *g) {
    Slot *old = g->slot;
    size_t count = g->slots;
    g->slots *= 2;
    g->slot = rd_zeros(g->slots, sizeof *g->slot);
    for (size_t i = 0; i < count; i++)
        if (old[i].node) *find(g, old[i].parent, old[i].word) = old[i];
    free(old);
}

/* The n-gram of a context and a number, made when it is new. */
static uint32_t make(RdNgram *g, uint32_t parent, int word) {
    Slot *slot = find(g, parent, word);
    if (slot->node) return slot->node;
    if (3 * (g->count + 1) > 2 * g->slots) {
        grow_table(g);
        slot = find(g, parent, word);
    }
    g->node = rd_grow(g->node, &g->room, g->count + 1, sizeof *g->node);
    g->node[g->count] = (Node){.order = g->node[parent].order + 1};
    *slot = (Slot){parent, word, (uint32_t)g->count};
    return (uint32_t)g->count++;
}

RdNgram *rd_ngram_new(int n, int vocab, int mark) {
    RdNgram *g = rd_zeros(1, sizeof *g);
    *g = (RdNgram){.n = n, .vocab = vocab, .mark = mark, .slots = 1024};
    g->slot = rd_zeros(g->slots, sizeof *g->slot);
    g->node = rd_grow(NULL, &g->room, 1, sizeof *g->node);
    g->node[g->count++] = (Node){0};
    return g;
}

void rd_ngram_free(RdNgram *g) {
    if (!g) return;
    free(g->node);
    free(g->slot);
    free(g);
}

/* ---- counting ---- */

/* context[k]: the k numbers before a text. */
static void start(RdNgram *g, uint32_t *context) {
    context[0] = 0;
    for (int k = 1; k < g->n; k++) context[k] = make(g, context[k - 1], g->mark);
}

void rd_ngram_count(RdNgram *g, const int *text, size_t length) {
    uint32_t context[RD_MAX_NGRAM + 1], here[RD_MAX_NGRAM + 1];
    start(g, context);
    for (size_t i = 0; i < length; i++) {
        here[0] = 0;
        for (int k = 1; k <= g->n; k++) {
            here[k] = make(g, context[k - 1], text[i]);
            Node *node = &g->node[here[k]];
            if (!node->count++) g->node[here[k - 1]].before++;
            g->node[context[k - 1]].counts++;
        }
        for (int k = 1; k < g->n; k++) context[k] = here[k];
    }
}

/* What counts of an n-gram: see the header. */
static uint32_t value_of(const RdNgram *g, const Node *node) {
    return (int)node->order == g->n ? node->count : node->before;
}

static double discount(const uint64_t *ones, int i) {
    double n1 = (double)ones[1], n2 = (double)ones[2], n = (double)ones[i];
    double y = n1 > 0 ? n1 / (n1 + 2 * n2) : 0;
    double d = n > 0 ? i - (i + 1) * y * (double)ones[i + 1] / n : i > 1 ? i - 1 : y;
    return fmin(fmax(d, 0), i);
}

void rd_ngram_finish(RdNgram *g) {
    uint64_t number[RD_MAX_NGRAM + 1][5] = {{0}}; /* of n-grams for which v is 1 to 4 */
    for (size_t i = 0; i < g->count; i++)
        for (int t = 0; t < 3; t++) g->node[i].sum = g->node[i].types[t] = 0;
    for (size_t at = 0; at < g->slots; at++) {
        if (!g->slot[at].node) continue;
        const Node *node = &g->node[g->slot[at].node];
        Node *parent = &g->node[g->slot[at].parent];
        uint32_t value = value_of(g, node);
        parent->sum += value;
        if (value) parent->types[value < 3 ? value - 1 : 2]++;
        if (value < 5) number[node->order][value]++;
    }
    for (int k = 1; k <= g->n; k++)
        for (int i = 1; i <= 3; i++) g->discount[k][i - 1] = discount(number[k], i);
}

/* ---- probabilities ---- */

static double add_k(const RdNgram *g, const Node *context, const Node *node, double k) {
    double seen = context ? (double)context->counts : 0;
    return ((node ? node->count : 0) + k) / (seen + k * g->vocab);
}

/* From that of a shorter context. */
static double kneser_ney(const RdNgram *g, const Node *context, const Node *node, double shorter) {
    const double *d = g->discount[context->order + 1];
    double sum = (double)context->sum, left = 0;
    uint32_t value = node ? value_of(g, node) : 0;
    for (int t = 0; t < 3; t++) left += d[t] * context->types[t];
    double own = value ? value - d[value < 3 ? value - 1 : 2] : 0;
    return (own + left * shorter) / sum;
}

double rd_ngram_loss(const RdNgram *g, double k, const int *text, size_t length) {
    uint32_t context[RD_MAX_NGRAM + 1] = {0}, here[RD_MAX_NGRAM + 1] = {0};
    int known = 1; /* contexts of less numbers than this were seen */
    double loss = 0;
    for (; known < g->n; known++) {
        context[known] = find(g, context[known - 1], g->mark)->node;
        if (!context[known]) break;
    }
    for (size_t i = 0; i < length; i++) {
        double p = 1.0 / g->vocab;
        int found = 0; /* n-grams up to this order were seen */
        for (int o = 1; o <= known; o++) {
            const Node *from = &g->node[context[o - 1]];
            here[o] = found == o - 1 ? find(g, context[o - 1], text[i])->node : 0;
            if (here[o]) found = o;
            if (k <= 0 && from->sum) p = kneser_ney(g, from, here[o] ? &g->node[here[o]] : NULL, p);
        }
        bool full = known == g->n;
        if (k > 0)
            p = add_k(g, full ? &g->node[context[g->n - 1]] : NULL,
                      full && here[g->n] ? &g->node[here[g->n]] : NULL, k);
        loss -= log(p);
        known = 1;
        for (int o = 1; o < g->n && o <= found; o++, known++) context[o] = here[o];
    }
    return loss;
}
