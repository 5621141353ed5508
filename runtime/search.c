#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "random.h"
#include "tokens.h"

/* A token that a hypothesis may go on with. */
typedef struct {
    double logp; /* of the hypothesis with it */
    int token;
    int row; /* of the hypothesis */
} Candidate;

/* The best complete text so far: the row that holds it after `count` tokens. */
typedef struct {
    double score;
    int count, row;
    bool any;
} Best;

struct RdSearch {
    RdStepper *stepper;
    RdSearchOptions options;
    int column, previous; /* what is generated, and what reads it */
    int rows, texts, values;
    /* of each hypothesis: */
    bool *alive;
    double *logp;
    int *last, *from;
    Candidate *candidate; /* [rows][width], falling */
    int *candidates;      /* [rows] */
    Candidate *chosen;    /* [rows]; a token below zero: none */
    RdRandom *random;     /* of each text */
    double *logit;        /* [rows][values] */
    int *order;           /* [rows][values] for sampling */
    Best *best;           /* of each text */
    int *token, *parent;  /* [limit][rows] the token that each took, and behind which */
    int *found;           /* [texts][limit] */
    int *found_count;
    int taken; /* tokens */
};

static int previous_column(const RdModel *model, int of) {
    for (int c = 0; c < model->column_count; c++)
        if (model->columns[c].kind == RD_PREVIOUS && model->columns[c].previous == of) return c;
    return -1;
}

RdSearch *rd_search_new(RdStepper *stepper, const RdSearchOptions *options) {
    RdSearch *s = rd_zeros(1, sizeof *s);
    size_t rows = (size_t)stepper->step.sizes.examples, limit = (size_t)options->limit;
    size_t width = (size_t)options->width, texts = rows / width;
    s->stepper = stepper;
    s->options = *options;
    s->column = stepper->model->steps->generated.column;
    s->previous = previous_column(stepper->model, s->column);
    s->values = rd_stepper_values(stepper);
    s->alive = rd_zeros(rows, sizeof *s->alive);
    s->logp = rd_zeros(rows, sizeof *s->logp);
    s->last = rd_zeros(rows, sizeof *s->last);
    s->from = rd_zeros(rows, sizeof *s->from);
    s->candidate = rd_zeros(rows * width, sizeof *s->candidate);
    s->candidates = rd_zeros(rows, sizeof *s->candidates);
    s->chosen = rd_zeros(rows, sizeof *s->chosen);
    s->random = rd_zeros(texts + 1, sizeof *s->random);
    s->best = rd_zeros(texts + 1, sizeof *s->best);
    s->token = rd_zeros(limit * rows, sizeof *s->token);
    s->parent = rd_zeros(limit * rows, sizeof *s->parent);
    s->found = rd_zeros(limit * texts + 1, sizeof *s->found);
    s->found_count = rd_zeros(texts + 1, sizeof *s->found_count);
    s->logit = rd_zeros(rows * (size_t)s->values, sizeof *s->logit);
    if (options->sample) s->order = rd_zeros(rows * (size_t)s->values, sizeof *s->order);
    return s;
}

void rd_search_free(RdSearch *s) {
    if (!s) return;
    void *const arrays[] = {s->alive,  s->logp,  s->last,  s->from,   s->candidate,
                            s->chosen, s->best,  s->token, s->parent, s->candidates,
                            s->random, s->order, s->logit, s->found,  s->found_count};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    free(s);
}

/* ---- candidates ---- */

static double *logits_of(const RdSearch *s, int row) {
    return s->logit + (size_t)row * (size_t)s->values;
}

static double largest(const double *logit, int values) {
    double most = logit[0];
    for (int v = 1; v < values; v++) most = logit[v] > most ? logit[v] : most;
    return most;
}

/* log(sum(exp(logits))) */
static double log_sum(const double *logit, int values) {
    double most = largest(logit, values), sum = 0;
    for (int v = 0; v < values; v++) sum += exp(logit[v] - most);
    return most + log(sum);
}

/* The best tokens behind a hypothesis, as many as the beam is wide; of equals the first. */
static void best_tokens(RdSearch *s, int row) {
    int width = s->options.width, count = 0;
    const double *logit = logits_of(s, row);
    Candidate *best = s->candidate + (size_t)row * (size_t)width;
    for (int v = 0; v < s->values; v++) {
        if (count == width && !(logit[v] > best[width - 1].logp)) continue;
        int at = count < width ? count++ : width - 1;
        for (; at > 0 && logit[v] > best[at - 1].logp; at--) best[at] = best[at - 1];
        best[at] = (Candidate){logit[v], v, row};
    }
    double base = s->logp[row] - log_sum(logit, s->values);
    for (int i = 0; i < count; i++) best[i].logp += base;
    s->candidates[row] = count;
}

/* ---- drawing ---- */

static int falling(const void *a, const void *b, void *context) {
    const double *logit = context;
    int left = *(const int *)a, right = *(const int *)b;
    if (logit[left] != logit[right]) return logit[left] < logit[right] ? 1 : -1;
    return (left > right) - (left < right);
}

/* The tokens in the order in which they are drawn from: by falling probability where that matters.
 */
static const int *ordered(RdSearch *s, int row) {
    int *order = s->order + (size_t)row * (size_t)s->values;
    for (int v = 0; v < s->values; v++) order[v] = v;
    if (s->options.top_k > 0 || s->options.top_p < 1)
        qsort_r(order, (size_t)s->values, sizeof *order, falling, logits_of(s, row));
    return order;
}

/* One token by its probability, among the first that top_k and top_p leave. */
static void draw_token(RdSearch *s, int row) {
    const RdSearchOptions *o = &s->options;
    const int *order = ordered(s, row);
    int count = o->top_k > 0 && o->top_k < s->values ? o->top_k : s->values, left = 0;
    double *weight = logits_of(s, row), total = 0, kept = 0, below = 0;
    double most = largest(weight, s->values);
    for (int v = 0; v < s->values; v++) weight[v] = exp((weight[v] - most) / o->temperature);
    for (int i = 0; i < count; i++) total += weight[order[i]];
    while (left < count && (left == 0 || kept < o->top_p * total)) kept += weight[order[left++]];
    double want = rd_random_unit(&s->random[row]) * kept;
    int i = 0;
    while (i + 1 < left && (below += weight[order[i]]) <= want) i++;
    s->candidate[row] = (Candidate){s->logp[row], order[i], row};
    s->candidates[row] = 1;
}

static void propose(void *context, int row) {
    RdSearch *s = context;
    s->candidates[row] = 0;
    if (!s->alive[row]) return;
    rd_stepper_logits(s->stepper, row, logits_of(s, row));
    if (s->options.sample)
        draw_token(s, row);
    else
        best_tokens(s, row);
}

/* ---- a step ---- */

static double score_of(const RdSearch *s, double logp, int length) {
    return length > 0 ? logp / pow(length, s->options.penalty) : logp;
}

static void complete(RdSearch *s, int text, double logp, int length, int row, int count) {
    double score = score_of(s, logp, length);
    if (s->best[text].any && score <= s->best[text].score) return;
    s->best[text] = (Best){score, count, row, true};
}

/* The best candidate behind the hypotheses from `first` to `last` of a text, which is then taken.
 * `used` counts what was taken behind each. */
static Candidate take_best(const RdSearch *s, int *used, int first, int last) {
    const Candidate *best = NULL;
    for (int row = first; row <= last; row++) {
        const Candidate *next = s->candidate + (size_t)row * (size_t)s->options.width + used[row];
        if (used[row] < s->candidates[row] && (!best || next->logp > best->logp)) best = next;
    }
    if (!best) return (Candidate){.token = -1, .row = last};
    used[best->row]++;
    return *best;
}

static void choose(RdSearch *s, int text) {
    int width = s->options.width, first = text * width, *used = s->from;
    for (int row = first; row < first + width; row++) used[row] = 0;
    for (int row = first; row < first + width; row++) {
        s->chosen[row] = take_best(s, used, first, row);
        const Candidate *c = &s->chosen[row];
        if (c->token != RD_MARK || s->options.endless) continue;
        complete(s, text, c->logp, s->taken + 1, c->row, s->taken);
        s->chosen[row].token = -1;
    }
}

/* The hypotheses go on with what was chosen. */
static void advance(RdSearch *s) {
    int *token = s->token + (size_t)s->taken * (size_t)s->rows;
    int *parent = s->parent + (size_t)s->taken * (size_t)s->rows;
    for (int row = 0; row < s->rows; row++) {
        const Candidate *c = &s->chosen[row];
        s->alive[row] = c->token >= 0;
        s->logp[row] = c->logp;
        s->last[row] = token[row] = s->alive[row] ? c->token : 0;
        s->from[row] = parent[row] = c->row;
        if (s->options.on_token && s->alive[row])
            s->options.on_token(s->options.user, row, c->token);
    }
    s->taken++;
    if (s->options.width > 1) rd_stepper_reorder(s->stepper, s->from);
}

/* Whether a text can still become better: with no probability lost, and as long as can be. */
static bool goes_on(const RdSearch *s, int text) {
    int width = s->options.width;
    for (int row = text * width; row < (text + 1) * width; row++) {
        double most = score_of(s, s->logp[row], s->options.limit + 1);
        if (s->alive[row] && (!s->best[text].any || most > s->best[text].score)) return true;
    }
    return false;
}

static bool any_goes_on(const RdSearch *s) {
    for (int i = 0; i < s->texts; i++)
        if (goes_on(s, i)) return true;
    return false;
}

/* ---- all steps ---- */

static void start(RdSearch *s, const int *number) {
    s->rows = s->stepper->batch.examples;
    s->texts = s->rows / s->options.width;
    s->taken = 0;
    for (int row = 0; row < s->rows; row++) {
        s->alive[row] = row % s->options.width == 0;
        s->logp[row] = 0;
        s->last[row] = RD_MARK;
    }
    for (int i = 0; i < s->texts; i++) {
        s->best[i] = (Best){0};
        s->random[i] = rd_random(s->options.seed, (uint64_t)(number ? number[i] : i));
    }
}

static bool step(RdSearch *s) {
    if (s->previous >= 0)
        memcpy(s->stepper->index[s->previous], s->last, (size_t)s->rows * sizeof *s->last);
    return rd_stepper_step(s->stepper);
}

/* Follows the parents of the best text back to its beginning. */
static void trace(RdSearch *s, int text) {
    const Best *best = &s->best[text];
    int *to = s->found + (size_t)text * (size_t)s->options.limit, row = best->row;
    s->found_count[text] = best->any ? best->count : 0;
    for (int t = s->found_count[text] - 1; t >= 0; t--) {
        size_t at = (size_t)t * (size_t)s->rows + (size_t)row;
        to[t] = s->token[at];
        row = s->parent[at];
    }
}

void rd_search_run(RdSearch *s, const int *number, const int *prompt, int count) {
    start(s, number);
    bool room = true;
    for (int t = 0; t < count && room; t++) {
        room = step(s);
        for (int row = 0; row < s->rows; row++) s->last[row] = prompt[t];
    }
    while (room && s->taken < s->options.limit && any_goes_on(s) && (room = step(s))) {
        rd_parallel(s->stepper->step.pool, s->rows, propose, s);
        for (int i = 0; i < s->texts; i++) choose(s, i);
        advance(s);
    }
    for (int row = 0; row < s->rows; row++) /* those that the limit has cut off */
        if (s->alive[row])
            complete(s, row / s->options.width, s->logp[row], s->taken, row, s->taken);
    for (int i = 0; i < s->texts; i++) trace(s, i);
}

RdFound rd_search_found(const RdSearch *s, int i) {
    return (RdFound){s->found + (size_t)i * (size_t)s->options.limit, s->found_count[i],
                     s->best[i].score};
}
