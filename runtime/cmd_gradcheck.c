#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "columns.h"
#include "gradcheck.h"
#include "learn.h"
#include "made_up.h"
#include "program.h"
#include "random.h"
#include "report.h"
#include "threads.h"

enum { MADE_UP_WORDS = 50, MADE_UP_LENGTH = 7 };

typedef struct {
    const RdModel *model;
    const RdOptions *options;
    RdVocab vocab[RD_MAX_COLUMNS];
    RdExamples examples;
    RdPlan plan;
    RdPool *pool;
    RdSession session;
    RdTensorCheck *checks;
} Job;

/* ---- examples ---- */

static bool read_examples(Job *job, RdError *error) {
    RdData data;
    bool read = rd_read_and_learn(job->options->data, job->model, (RdReadOptions){0}, &data,
                                  job->vocab, error);
    if (read) rd_encode(job->model, &data, job->vocab, &job->examples);
    if (read) rd_examples_cut(&job->examples, job->model, job->options->examples);
    if (read && job->examples.count > job->options->examples)
        job->examples.count = job->options->examples;
    rd_data_free(&data);
    return read;
}

/* ---- the check ---- */

static bool check(Job *job, RdError *error) {
    RdMadeUp wanted = {.examples = job->options->examples,
                       .shortest = 1,
                       .longest = MADE_UP_LENGTH,
                       .words = MADE_UP_WORDS};
    if (!job->options->data)
        rd_make_up(job->model, wanted, job->options->seed, job->vocab, &job->examples);
    if (job->options->data && !read_examples(job, error)) return false;
    rd_plan_new(&job->examples, job->examples.count, &job->plan);
    job->pool = rd_pool_new(job->options->threads);
    job->checks = rd_zeros((size_t)job->model->param_count, sizeof *job->checks);
    if (!rd_session_open(&job->session, job->model, rd_plan_sizes(&job->plan, job->vocab),
                         job->pool, true, error))
        return false;
    rd_layout_init(&job->session.layout, job->model, job->options->seed, job->session.param);
    if (job->options->data)
        rd_layout_balance(&job->session.layout, job->model, &job->examples, job->session.param);
    return rd_gradcheck(&job->session, &job->plan, job->options->seed, job->checks, error);
}

static double largest_error(const Job *job) {
    double largest = 0;
    for (int i = 0; i < job->model->param_count; i++)
        if (!(rd_tensor_error(&job->checks[i]) <= largest))
            largest = rd_tensor_error(&job->checks[i]);
    return largest;
}

/* ---- printing ---- */

static void print_table(const Job *job) {
    int width = 6;
    for (int i = 0; i < job->model->param_count; i++)
        if (rd_text_width(job->model->params[i].name) > width)
            width = rd_text_width(job->model->params[i].name);
    printf("%-*s  checked  largest gradient  error  along a direction\n", width, "tensor");
    for (int i = 0; i < job->model->param_count; i++) {
        const RdTensorCheck *result = &job->checks[i];
        printf("%-*s  %7d  %16.1e  %.0e  %.0e%s\n", width, job->model->params[i].name,
               result->checked, result->largest, result->element, result->direction,
               rd_tensor_error(result) < RD_GRADCHECK_LIMIT ? "" : "  FAIL");
    }
    double largest = largest_error(job);
    printf("%s: largest relative error %.1e, limit %.0e\n",
           largest < RD_GRADCHECK_LIMIT ? "PASS" : "FAIL", largest, RD_GRADCHECK_LIMIT);
}

/* JSON has no word for infinity. */
static json_t *number(double value) {
    json_t *json = json_real(value);
    return json ? json : json_null();
}

static void print_json(const Job *job) {
    json_t *list = json_array();
    for (int i = 0; i < job->model->param_count; i++) {
        const RdTensorCheck *result = &job->checks[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:i, s:o, s:o, s:o}", "name", job->model->params[i].name, "checked",
                      result->checked, "largest_gradient", number(result->largest), "element_error",
                      number(result->element), "direction_error", number(result->direction)));
    }
    double largest = largest_error(job);
    json_t *json =
        json_pack("{s:b, s:o, s:f, s:o}", "pass", largest < RD_GRADCHECK_LIMIT, "largest_error",
                  number(largest), "limit", RD_GRADCHECK_LIMIT, "tensors", list);
    json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(RD_JSON_FLOAT));
    putchar('\n');
    json_decref(json);
}

static void clean(Job *job) {
    rd_session_close(&job->session);
    rd_pool_free(job->pool);
    rd_plan_free(&job->plan);
    rd_examples_free(&job->examples);
    if (job->options->data)
        for (int c = 0; c < RD_MAX_COLUMNS; c++) rd_vocab_free(&job->vocab[c]);
    free(job->checks);
}

int rd_cmd_gradcheck(const RdProgram *program, const RdOptions *options) {
    RdError error;
    Job job = {.model = program->check, .options = options};
    bool done = check(&job, &error);
    if (done) (options->json ? print_json : print_table)(&job);
    int status = !done                                      ? rd_report(&error)
                 : largest_error(&job) < RD_GRADCHECK_LIMIT ? RD_EXIT_OK
                                                            : RD_EXIT_FAILED;
    clean(&job);
    return status;
}
