#include "generator.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "batch.h"
#include "columns.h"
#include "program.h"
#include "tokens.h"

enum { LONG = 200 }; /* tokens, where no text ends by itself */

bool rd_generates(const RdModel *model) {
    return model->steps && model->steps->generated.column >= 0;
}

bool rd_generates_from_inputs(const RdModel *model) {
    for (int c = 0; c < model->column_count; c++)
        if (!model->columns[c].target && !rd_column_hidden(&model->columns[c])) return true;
    return false;
}

/* ---- what both share ---- */

typedef struct {
    RdTrained *trained;
    const RdOptions *options;
    const RdColumn *column;
    const RdVocab *vocab; /* of the column */
    RdStepper stepper;
    RdSearch *search;
    RdTokenizer tokenizer;
    int *prompt, prompt_count;
    bool begun; /* a token was written */
} Generator;

static bool read_prompt(Generator *g, RdError *error) {
    const char *text = g->options->prompt ? g->options->prompt : "";
    if (!rd_tokens_of(g->column, g->vocab->bpe, &g->tokenizer, text, strlen(text), error))
        return rd_fail(error, "--prompt: %s", error->text);
    g->prompt_count = g->tokenizer.count;
    g->prompt = rd_zeros((size_t)g->prompt_count + 1, sizeof *g->prompt);
    for (int i = 0; i < g->prompt_count; i++)
        g->prompt[i] = rd_vocab_lookup(g->vocab, g->tokenizer.word[i]);
    g->begun = g->prompt_count > 0;
    return true;
}

static RdSearchOptions search_options(const Generator *g) {
    const RdOptions *o = g->options;
    bool sample = o->given[RD_OPTION_TEMPERATURE] || o->given[RD_OPTION_TOP_K] ||
                  o->given[RD_OPTION_TOP_P] || o->given[RD_OPTION_SEED];
    bool endless = g->column->window > 0;
    int limit = o->given[RD_OPTION_LIMIT] ? o->limit : endless ? LONG : g->column->max_length;
    return (RdSearchOptions){.width = o->beam,
                             .penalty = o->length_penalty,
                             .limit = limit,
                             .endless = endless,
                             .sample = sample,
                             .temperature = o->temperature,
                             .top_k = o->top_k,
                             .top_p = o->top_p,
                             .seed = o->seed};
}

/* Writes the text that a token adds to those before it. */
static void put_token(Generator *g, int token, FILE *out) {
    const char *word = g->vocab->word[token];
    char *text = rd_zeros(strlen(word) + 3, 1);
    if (token == RD_MARK)
        fputc('\n', out);
    else
        fwrite(text, 1, rd_token_text(g->column, word, !g->begun, text), out);
    g->begun = token != RD_MARK;
    free(text);
}

static char *text_of(Generator *g, RdFound found) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    g->begun = g->prompt_count > 0;
    if (g->options->prompt) fputs(g->options->prompt, out);
    for (int i = 0; i < found.count; i++) put_token(g, found.token[i], out);
    fclose(out);
    return text;
}

static bool open_generator(Generator *g, RdTrained *trained, const RdOptions *options,
                           RdError *error) {
    int column = trained->model->steps->generated.column;
    *g = (Generator){.trained = trained,
                     .options = options,
                     .column = &trained->model->columns[column],
                     .vocab = &trained->saved.vocab[column]};
    return read_prompt(g, error);
}

static bool begin_search(Generator *g, RdSizes sizes, const RdSearchOptions *options,
                         RdError *error) {
    int most = options->limit + g->prompt_count + 1;
    if (!rd_stepper_open(&g->stepper, g->trained->model, sizes, options->width, most,
                         g->trained->pool, g->trained->saved.stretch[RD_WEIGHTS], error))
        return false;
    g->search = rd_search_new(&g->stepper, options);
    return true;
}

static void close_generator(Generator *g) {
    rd_search_free(g->search);
    if (g->stepper.model) rd_stepper_close(&g->stepper);
    rd_tokenizer_free(&g->tokenizer);
    free(g->prompt);
}

/* ---- one text a record ---- */

RdMadeTexts rd_made_texts(int count) {
    size_t room = (size_t)count + 1;
    RdMadeTexts texts = {.count = count};
    texts.text = rd_zeros(room, sizeof *texts.text);
    texts.token = rd_zeros(room, sizeof *texts.token);
    texts.tokens = rd_zeros(room, sizeof *texts.tokens);
    texts.score = rd_zeros(room, sizeof *texts.score);
    return texts;
}

static void keep(Generator *g, RdFound found, int i, RdMadeTexts *texts) {
    texts->text[i] = text_of(g, found);
    texts->score[i] = found.score;
    texts->tokens[i] = g->prompt_count + found.count;
    texts->token[i] = rd_zeros((size_t)texts->tokens[i] + 1, sizeof *texts->token[i]);
    memcpy(texts->token[i], g->prompt, (size_t)g->prompt_count * sizeof *g->prompt);
    memcpy(texts->token[i] + g->prompt_count, found.token, (size_t)found.count * sizeof(int));
}

/* The plans have the same records in their batches, `copies` as many times as there are hypotheses.
 */
static void run_plans(Generator *g, RdPlan *records, RdPlan *copies, RdMadeTexts *texts) {
    RdBatch once, batch;
    for (int k = 0; k < records->batch_count; k++) {
        const int *number = rd_plan_positions(records, k);
        rd_plan_batch(records, k, &once);
        rd_plan_batch(copies, k, &batch);
        rd_stepper_begin(&g->stepper, &batch, &once);
        rd_search_run(g->search, number, g->prompt, g->prompt_count);
        for (int i = 0; i < once.examples; i++)
            keep(g, rd_search_found(g->search, i), number[i], texts);
    }
}

static bool generate_plans(Generator *g, RdPlan *records, RdPlan *copies,
                           const RdSearchOptions *how, RdMadeTexts *texts, RdError *error) {
    RdSizes sizes = rd_plan_sizes(copies, g->trained->saved.vocab);
    if (!begin_search(g, sizes, how, error)) return false;
    run_plans(g, records, copies, texts);
    return true;
}

/* Each record is as many examples as there are hypotheses. */
bool rd_generate(RdTrained *trained, const RdOptions *options, const RdData *data,
                 RdMadeTexts *texts, RdError *error) {
    Generator g;
    RdExamples records, examples;
    RdPlan plan, copies;
    *texts = rd_made_texts(data->count);
    bool good = open_generator(&g, trained, options, error);
    RdSearchOptions how = search_options(&g);
    rd_encode(trained->model, data, trained->saved.vocab, &records);
    rd_examples_repeat(&records, trained->model, how.width, &examples);
    rd_plan_new(&records, options->batch, &plan);
    rd_plan_new(&examples, plan.batch_size * how.width, &copies);
    good = good && generate_plans(&g, &plan, &copies, &how, texts, error);
    close_generator(&g);
    rd_plan_free(&copies);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
    rd_examples_free(&records);
    return good;
}

/* The tokens and the mark behind them, each with a NUL. */
static void add_words(RdWords *words, const RdVocab *vocab, const int *token, int count) {
    for (int t = 0; t <= count; t++) {
        const char *word = vocab->word[t < count ? token[t] : RD_MARK];
        size_t size = strlen(word) + 1;
        words->bytes = rd_grow(words->bytes, &words->capacity, words->size + size, 1);
        memcpy(words->bytes + words->size, word, size);
        words->size += size;
    }
}

void rd_generated_as_data(const RdMadeTexts *texts, const RdTrained *trained, RdData *data) {
    int column = trained->model->steps->generated.column;
    size_t room = (size_t)texts->count + 1;
    RdWords words = {.first = rd_zeros(room, sizeof *words.first),
                     .word_count = rd_zeros(room, sizeof *words.word_count),
                     .owners = texts->count};
    data->text[column] = rd_zeros(room, sizeof *data->text[column]);
    for (int i = 0; i < texts->count; i++) {
        words.first[i] = words.size;
        words.word_count[i] = texts->tokens[i] + 1;
        add_words(&words, &trained->saved.vocab[column], texts->token[i], texts->tokens[i]);
        data->text[column][i] = rd_copy(texts->text[i]);
    }
    data->words[column] = words;
    data->has[column] = true;
}

void rd_generated_free(RdMadeTexts *texts) {
    for (int i = 0; i < texts->count; i++) {
        free(texts->text[i]);
        free(texts->token[i]);
    }
    free((void *)texts->text);
    free((void *)texts->token);
    free(texts->tokens);
    free(texts->score);
    *texts = (RdMadeTexts){0};
}

/* ---- one text alone ---- */

static void show_token(void *user, int text, int token) {
    (void)text;
    put_token(user, token, stdout);
    fflush(stdout);
}

static RdSizes sizes_alone(const RdTrained *trained, int examples) {
    RdSizes sizes = {.examples = examples};
    for (int n = 0; n < RD_MAX_SEQUENCES; n++) sizes.rows[n] = examples;
    rd_saved_vocab_sizes(&trained->saved, sizes.vocab);
    return sizes;
}

bool rd_generate_alone(RdTrained *trained, const RdOptions *options, RdError *error) {
    Generator g;
    bool good = open_generator(&g, trained, options, error), shown = false;
    RdSearchOptions how = search_options(&g);
    how.user = &g;
    if (how.width == 1 && !options->json) how.on_token = show_token;
    shown = how.on_token;
    good = good && begin_search(&g, sizes_alone(trained, how.width), &how, error);
    if (good) {
        if (shown && options->prompt) fputs(options->prompt, stdout);
        rd_stepper_begin(&g.stepper, NULL, NULL);
        rd_search_run(g.search, NULL, g.prompt, g.prompt_count);
        RdFound found = rd_search_found(g.search, 0);
        char *text = shown ? rd_copy("") : text_of(&g, found);
        rd_print_generated(text, found.score, options->json);
        free(text);
    }
    close_generator(&g);
    return good && rd_flush_output(error);
}

void rd_print_generated(const char *text, double score, bool json) {
    if (!json) {
        puts(text);
        return;
    }
    json_t *object =
        json_pack("{s:o, s:o}", "text", json_string_nocheck(text), "score", json_real(score));
    json_dumpf(object, stdout, JSON_COMPACT);
    json_decref(object);
    putchar('\n');
}
