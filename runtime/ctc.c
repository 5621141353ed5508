#include "ctc.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* logp = scores - log(sum(exp(scores))) */
static void log_softmax(const double *scores, int choices, double *logp) {
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < choices; k++) most = scores[k] > most ? scores[k] : most;
    for (int k = 0; k < choices; k++) sum += exp(scores[k] - most);
    for (int k = 0; k < choices; k++) logp[k] = scores[k] - most - log(sum);
}

static double log_add(double a, double b) {
    double most = a > b ? a : b, least = a > b ? b : a;
    return most == -INFINITY ? most : most + log1p(exp(least - most));
}

/* ---- the best path ---- */

void rd_best_path(const double *scores, int steps, int choices, int blank, RdLabels *labels) {
    double *logp = rd_zeros((size_t)choices, sizeof *logp);
    labels->count = 0;
    labels->logp = 0;
    for (int t = 0, before = blank; t < steps; t++, scores += choices) {
        int best = 0;
        log_softmax(scores, choices, logp);
        for (int k = 1; k < choices; k++)
            if (logp[k] > logp[best]) best = k;
        labels->logp += logp[best];
        if (best != blank && best != before) labels->label[labels->count++] = best;
        before = best;
    }
    free(logp);
}

/* ---- prefix search ---- */

/* The beginning of labels: those of `parent`, then one more. Number 0 is the empty one. */
typedef struct {
    int parent, label;
    int child, sibling; /* the last that was made of those behind it; 0: none */
    int place;          /* in the beam; -1: it is not there */
} Prefix;

/* A beginning in the beam, and the logarithms of the probabilities of its alignments so far, of
 * those that end with its last label and of those that end with a blank. */
typedef struct {
    int prefix;
    double said, silent;
} Hypothesis;

/* What may be in the next beam: a hypothesis that goes on with a label, or with none (-1). */
typedef struct {
    double logp;
    int from, label;
} Candidate;

typedef struct {
    int choices, blank, width;
    Prefix *prefix;
    int prefixes;
    size_t room;                     /* of prefix */
    Hypothesis *beam, *stays, *next; /* [width] */
    int count;                       /* of the beam */
    Candidate *candidate;            /* [width] the best so far, falling */
    int candidates;
    double *logp; /* [choices] */
    bool *taken;  /* [choices] the labels that make another one of the beam */
} Search;

static double total(const Hypothesis *h) { return log_add(h->said, h->silent); }

/* The probability with which a hypothesis goes on with a label: after itself only behind a blank.
 */
static double extended(const Search *s, const Hypothesis *h, int label) {
    bool again = h->prefix && s->prefix[h->prefix].label == label;
    return (again ? h->silent : total(h)) + s->logp[label];
}

/* What becomes of the hypotheses that keep their labels; one whose parent is in the beam too is
 * also what that becomes with one label more. */
static void stay(Search *s) {
    for (int i = 0; i < s->count; i++) {
        const Hypothesis *h = &s->beam[i];
        const Prefix *prefix = &s->prefix[h->prefix];
        double said = -INFINITY;
        if (h->prefix) {
            int parent = s->prefix[prefix->parent].place;
            said = h->said + s->logp[prefix->label];
            if (parent >= 0) said = log_add(said, extended(s, &s->beam[parent], prefix->label));
        }
        s->stays[i] = (Hypothesis){h->prefix, said, total(h) + s->logp[s->blank]};
    }
}

static void offer(Search *s, double logp, int from, int label) {
    if (!(logp > -INFINITY)) return;
    if (s->candidates == s->width && !(logp > s->candidate[s->width - 1].logp)) return;
    int at = s->candidates < s->width ? s->candidates++ : s->width - 1;
    for (; at > 0 && logp > s->candidate[at - 1].logp; at--)
        s->candidate[at] = s->candidate[at - 1];
    s->candidate[at] = (Candidate){logp, from, label};
}

/* All that hypothesis i can become with one label more, but for what is in the beam already. */
static void offer_extensions(Search *s, int i) {
    const Hypothesis *h = &s->beam[i];
    int first = s->prefix[h->prefix].child;
    for (int c = first; c; c = s->prefix[c].sibling)
        s->taken[s->prefix[c].label] = s->prefix[c].place >= 0;
    for (int k = 0; k < s->choices; k++)
        if (k != s->blank && !s->taken[k]) offer(s, extended(s, h, k), i, k);
    for (int c = first; c; c = s->prefix[c].sibling) s->taken[s->prefix[c].label] = false;
}

/* The prefix with one label more; made when there is none yet. */
static int prefix_with(Search *s, int parent, int label) {
    for (int c = s->prefix[parent].child; c; c = s->prefix[c].sibling)
        if (s->prefix[c].label == label) return c;
    int made = s->prefixes++;
    s->prefix = rd_grow(s->prefix, &s->room, (size_t)s->prefixes, sizeof *s->prefix);
    s->prefix[made] = (Prefix){parent, label, 0, s->prefix[parent].child, -1};
    return s->prefix[parent].child = made;
}

/* The candidates become the beam. */
static void advance(Search *s) {
    for (int i = 0; i < s->candidates; i++) {
        const Candidate *c = &s->candidate[i];
        s->next[i] = s->stays[c->from];
        if (c->label >= 0)
            s->next[i] =
                (Hypothesis){prefix_with(s, s->beam[c->from].prefix, c->label), c->logp, -INFINITY};
    }
    for (int i = 0; i < s->count; i++) s->prefix[s->beam[i].prefix].place = -1;
    memcpy(s->beam, s->next, (size_t)s->candidates * sizeof *s->next);
    s->count = s->candidates;
    for (int i = 0; i < s->count; i++) s->prefix[s->beam[i].prefix].place = i;
}

/* The labels of the first of the beam, which is the best. */
static void trace(const Search *s, RdLabels *labels) {
    int last = s->count ? s->beam[0].prefix : 0, at = 0;
    for (int p = last; p; p = s->prefix[p].parent) at++;
    labels->count = at;
    labels->logp = s->count ? total(&s->beam[0]) : -INFINITY;
    for (int p = last; p; p = s->prefix[p].parent) labels->label[--at] = s->prefix[p].label;
}

void rd_prefix_search(const double *scores, int steps, int choices, int blank, int width,
                      RdLabels *labels) {
    size_t room = (size_t)width;
    Search s = {.choices = choices,
                .blank = blank,
                .width = width,
                .prefix = rd_zeros(1, sizeof *s.prefix),
                .prefixes = 1,
                .room = 1,
                .beam = rd_zeros(room, sizeof *s.beam),
                .stays = rd_zeros(room, sizeof *s.stays),
                .next = rd_zeros(room, sizeof *s.next),
                .count = 1,
                .candidate = rd_zeros(room, sizeof *s.candidate),
                .logp = rd_zeros((size_t)choices, sizeof *s.logp),
                .taken = rd_zeros((size_t)choices, sizeof *s.taken)};
    s.beam[0] = (Hypothesis){0, -INFINITY, 0};
    for (int t = 0; t < steps; t++) {
        log_softmax(scores + (size_t)t * (size_t)choices, choices, s.logp);
        stay(&s);
        s.candidates = 0;
        for (int i = 0; i < s.count; i++) offer(&s, total(&s.stays[i]), i, -1);
        for (int i = 0; i < s.count; i++) offer_extensions(&s, i);
        advance(&s);
    }
    trace(&s, labels);
    void *const arrays[] = {s.prefix, s.beam, s.stays, s.next, s.candidate, s.logp, s.taken};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
}
