/* What beam search finds, on a small encoder and decoder with random weights: its score is that of
 * the whole program, a wider beam is never worse, one that is wide enough finds the best of all.
 * And that scheduled sampling feeds it the words that it would choose. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "batches.h"
#include "object.h"
#include "programs.h"
#include "random.h"
#include "random_graph.h"
#include "sampling.h"
#include "search.h"

static const char text[] =
    "cell reader(y: [E], keys: [S, K], H) {\n"
    "  state s: [H]\n"
    "  context, weights = additive_attention(s, keys, H)\n"
    "  new = step gru(H) on concat(y, context) from s\n"
    "  s'  = new\n"
    "}\n"
    "model small {\n"
    "  input  source: words(max_vocab = 6, max_length = 8)\n"
    "  target y:      words(max_vocab = 5, max_length = 4)\n"
    "  read    = scan gru(6) over embedding(source, 5) backward\n"
    "  decoder = scan reader(read.h, 6) over embedding(previous(y), 4) from s = read.final.h\n"
    "  logits  = linear(decoder.s, y.size)\n"
    "  loss     cross_entropy(logits, y)\n"
    "  generate y from logits\n"
    "  output   argmax(logits)\n"
    "  train { scheduled_sampling = constant(probability = 0.5) }\n"
    "}\n";

enum { SOURCE, Y, SOURCES = 200, LONGEST = 8, VOCAB = 5, LIMIT = 4, BATCH = 16 };

/* Texts: what was found, or is to be measured, for the source of each. */
typedef struct {
    int count;
    int *source; /* [count] */
    int *length; /* [count] tokens */
    int *token;  /* [count][LIMIT] */
    double *score;
} Texts;

typedef struct {
    Arena *arena;
    Object object;
    const RdModel *model;
    Data sources;
    Runner *runner; /* holds the weights */
} Fixture;

static Texts texts_new(Arena *arena, int count) {
    return (Texts){.count = count,
                   .source = ARENA_ARRAY(arena, int, count + 1),
                   .length = ARENA_ARRAY(arena, int, count + 1),
                   .token = ARENA_ARRAY(arena, int, count *LIMIT + 1),
                   .score = ARENA_ARRAY(arena, double, count + 1)};
}

/* Weights that are large enough to prefer some words. */
static void set_weights(Runner *runner, uint64_t seed) {
    Random random = {seed};
    for (int p = 0; p < runner->model->param_count; p++) {
        int size = runner_size(runner, p);
        double *values = ARENA_ARRAY(runner->arena, double, size + 1);
        for (int i = 0; i < size; i++) values[i] = random_between(&random, -1.5, 1.5);
        runner_set(runner, p, values);
    }
}

static Fixture setup(void) {
    Fixture f = {.arena = arena_new()};
    Programs programs = programs_of_text(f.arena, "small.rondo", text);
    cr_assert(programs.c, "%s", programs.said);
    f.object = object_load(f.arena, &programs.c, 1, true, "-O1 -march=native");
    f.model = f.object.model[0];
    cr_assert(f.model->steps && f.model->steps->begin.run);
    f.sources = sentences(f.arena, f.model, SOURCES, LONGEST, 3);
    f.runner = runner_open(f.arena, f.model, &f.sources, BATCH, 1, false);
    set_weights(f.runner, 11);
    return f;
}

static void teardown(Fixture *f) {
    runner_close(f->runner);
    object_unload(&f->object);
    arena_free(f->arena);
}

/* ---- searching ---- */

static void take_found(const RdSearch *search, int i, int source, Texts *texts) {
    RdFound found = rd_search_found(search, i);
    texts->source[source] = source;
    texts->length[source] = found.count;
    texts->score[source] = found.score;
    memcpy(texts->token + source * LIMIT, found.token, (size_t)found.count * sizeof(int));
}

/* What a beam finds for each source. */
static Texts search(const Fixture *f, int width, int limit, double penalty) {
    const RdExamples *records = &f->runner->examples;
    RdSearchOptions how = {.width = width, .penalty = penalty, .limit = limit};
    RdVocab vocab[RD_MAX_COLUMNS] = {0};
    RdExamples copied;
    RdPlan plan, copies;
    RdBatch once, batch;
    RdStepper stepper;
    RdError error;
    Texts texts = texts_new(f->arena, SOURCES);
    for (int c = 0; c < f->model->column_count; c++) vocab[c].size = f->sources.vocab[c];
    rd_examples_repeat(records, f->model, width, &copied);
    rd_plan_new(records, BATCH, &plan);
    rd_plan_new(&copied, BATCH * width, &copies);
    rd_stepper_open(&stepper, f->model, rd_plan_sizes(&copies, vocab), width, limit + 1, NULL,
                    f->runner->session.param, &error);
    RdSearch *s = rd_search_new(&stepper, &how);
    for (int k = 0; k < plan.batch_count; k++) {
        rd_plan_batch(&plan, k, &once);
        rd_plan_batch(&copies, k, &batch);
        rd_stepper_begin(&stepper, &batch, &once);
        rd_search_run(s, NULL, NULL, 0);
        for (int i = 0; i < once.examples; i++)
            take_found(s, i, rd_plan_positions(&plan, k)[i], &texts);
    }
    rd_search_free(s);
    rd_stepper_close(&stepper);
    rd_plan_free(&copies);
    rd_plan_free(&plan);
    rd_examples_free(&copied);
    return texts;
}

/* ---- measuring ---- */

static int source_first(const Fixture *f, int source) {
    int first = 0;
    for (int i = 0; i < source; i++) first += f->sources.length[i];
    return first;
}

/* The texts as data of the whole program; those that the limit has cut off have a mark too. */
static Data data_of(const Fixture *f, const Texts *texts) {
    int *length = ARENA_ARRAY(f->arena, int, texts->count), rows = 0, at = 0;
    int *steps = ARENA_ARRAY(f->arena, int, texts->count);
    int *y = ARENA_ARRAY(f->arena, int, texts->count *(LIMIT + 1));
    int *source = ARENA_ARRAY(f->arena, int, texts->count *LONGEST);
    for (int i = 0; i < texts->count; i++) {
        length[i] = f->sources.length[texts->source[i]];
        steps[i] = texts->length[i] + 1;
        memcpy(source + at, f->sources.column[SOURCE] + source_first(f, texts->source[i]),
               (size_t)length[i] * sizeof(int));
        memcpy(y + rows, texts->token + i * LIMIT, (size_t)texts->length[i] * sizeof(int));
        y[rows + texts->length[i]] = RD_MARK;
        at += length[i];
        rows += steps[i];
    }
    Data data = {.count = texts->count, .length = length};
    data.further[f->model->columns[Y].per_step - 1] = steps;
    data.column[SOURCE] = source;
    data.column[Y] = y;
    memcpy(data.vocab, f->sources.vocab, sizeof data.vocab);
    return data;
}

/* The score of each text by the losses of the whole program. */
static void measure(const Fixture *f, Texts *texts, int limit, double penalty) {
    Data data = data_of(f, texts);
    Runner *runner = runner_open(f->arena, f->model, &data, BATCH, 1, false);
    set_weights(runner, 11);
    Results results = runner_infer(runner);
    for (int i = 0, row = 0; i < texts->count; row += texts->length[i++] + 1) {
        int steps = texts->length[i] + (texts->length[i] < limit);
        double logp = 0;
        for (int t = 0; t < steps; t++) logp -= results.loss[row + t];
        texts->score[i] = logp / pow(steps, penalty);
    }
    runner_close(runner);
}

static void check_scores(const Fixture *f, const Texts *found, int limit, double penalty) {
    Texts own = *found;
    own.score = ARENA_ARRAY(f->arena, double, own.count);
    measure(f, &own, limit, penalty);
    for (int i = 0; i < own.count; i++)
        cr_assert_float_eq(found->score[i], own.score[i], 1e-9, "source %d: %g, not %g", i,
                           found->score[i], own.score[i]);
}

/* All texts of a source: of fewer tokens than `limit` and a mark, and of so many. */
static Texts all_texts(const Fixture *f, int source, int limit) {
    int count = 1, per = 1;
    for (int t = 0; t < limit; t++) count += per *= VOCAB - 1;
    Texts all = texts_new(f->arena, count);
    for (int i = 0, first = 0, n = 1, length = 0; i < count; i++) {
        if (i - first == n) {
            first = i;
            n *= VOCAB - 1;
            length++;
        }
        all.source[i] = source;
        all.length[i] = length;
        for (int t = 0, code = i - first; t < length; t++, code /= VOCAB - 1)
            all.token[i * LIMIT + t] = code % (VOCAB - 1) + (code % (VOCAB - 1) >= RD_MARK);
    }
    return all;
}

/* ---- what holds ---- */

static void check_greedy(const Fixture *f) {
    Texts found = search(f, 1, LIMIT, 1);
    Data data = data_of(f, &found);
    Runner *runner = runner_open(f->arena, f->model, &data, BATCH, 1, false);
    set_weights(runner, 11);
    Results results = runner_infer(runner);
    for (int i = 0, row = 0; i < found.count; row += found.length[i++] + 1)
        for (int t = 0; t < found.length[i] + (found.length[i] < LIMIT); t++)
            cr_assert_eq(results.output[0][row + t], data.column[Y][row + t],
                         "source %d: token %d is not the best", i, t);
    runner_close(runner);
}

static void check_wider(const Fixture *f, double penalty) {
    static const int widths[] = {1, 2, 3, 4, 5, 8};
    Texts narrow = {0};
    int better = 0;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        Texts wide = search(f, widths[w], LIMIT, penalty);
        check_scores(f, &wide, LIMIT, penalty);
        for (int i = 0; w > 0 && i < SOURCES; i++) {
            cr_assert(wide.score[i] >= narrow.score[i], "source %d: %g with %d, before %g", i,
                      wide.score[i], widths[w], narrow.score[i]);
            better += wide.score[i] > narrow.score[i];
        }
        narrow = wide;
    }
    cr_assert(better > SOURCES / 10, "only %d texts were found by wider beams alone", better);
}

/* 85 texts of 3 tokens; more hypotheses than there are. */
static void check_all(const Fixture *f, double penalty) {
    enum { TOKENS = 3 };
    Texts found = search(f, 100, TOKENS, penalty);
    for (int i = 0; i < SOURCES; i += 20) {
        Texts all = all_texts(f, i, TOKENS);
        double best = -INFINITY;
        measure(f, &all, TOKENS, penalty);
        for (int k = 0; k < all.count; k++) best = fmax(best, all.score[k]);
        cr_assert_float_eq(found.score[i], best, 1e-9, "source %d: %g, the best of all is %g", i,
                           found.score[i], best);
    }
}

/* ---- scheduled sampling ---- */

/* What stands before each word when coins are thrown for it: the guess before it or the word. */
static void feed(const Runner *runner, const double *guess, uint64_t key, int previous, int n) {
    const RdExamples *examples = &runner->examples;
    int fed = 0, rows = (int)rd_examples_rows(examples, n);
    for (int i = 0; i < examples->count; i++)
        for (size_t k = rd_examples_first(examples, n, i) + 1;
             k < rd_examples_first(examples, n, i + 1); k++) {
            RdRandom coin = rd_random(key, k);
            if (rd_random_unit(&coin) >= 0.5) continue;
            examples->number[previous][k] = (int)guess[k - 1];
            fed++;
        }
    cr_assert(4 * fed > rows && 4 * fed < 2 * rows, "%d of %d words are fed", fed, rows);
}

/* The losses of training on texts that are fed what rd_plan_sample chooses are those of the program
 * that predicts, on the words that the coins ask for. */
static void check_sampling(const Fixture *f) {
    enum { KEY = 77 };
    const RdSampling *sampling = &f->model->training.sampling;
    int n = f->model->columns[Y].per_step, previous = Y + 1;
    cr_assert_eq(f->model->columns[previous].kind, RD_PREVIOUS);
    cr_assert_eq(sampling->column, Y);
    cr_assert_float_eq(rd_sampling_probability(sampling, 0, 0), 0.5, 1e-15);
    Runner *trained = runner_open(f->arena, f->model, &f->sources, SOURCES, 1, true);
    set_weights(trained, 11);
    RdRun *run = &trained->session.run;
    RdBatch batch;
    rd_plan_batch(&trained->plan, 0, &batch);
    run->batch = &batch;
    f->model->prepare(run, false);
    f->model->infer(run);
    rd_plan_sample(&trained->plan, f->model, &batch, Y, run->guessed, 0.5, KEY);
    f->model->prepare(run, true);
    f->model->train(run);
    Results teacher = runner_infer(f->runner);
    feed(f->runner, teacher.output[0], KEY, previous, n);
    Results wanted = runner_infer(f->runner);
    int differ = 0;
    for (int row = 0; row < batch.packing[n - 1].rows; row++) {
        int place = rd_plan_steps(&trained->plan, n)[row];
        double loss = ((const double *)run->loss)[row];
        cr_assert_float_eq(loss, wanted.loss[place], 1e-9, "word %d: %g, not %g", place, loss,
                           wanted.loss[place]);
        differ += fabs(loss - teacher.loss[place]) > 1e-9;
    }
    cr_assert(differ > SOURCES, "only %d losses have changed", differ);
    runner_close(trained);
}

Test(search, finds_the_best) {
    Fixture f = setup();
    check_greedy(&f);
    check_wider(&f, 1);
    check_wider(&f, 0);
    check_all(&f, 1);
    check_all(&f, 0.6);
    check_sampling(&f);
    teardown(&f);
}
