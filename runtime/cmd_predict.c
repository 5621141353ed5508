#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "answers.h"
#include "columns.h"
#include "decoder.h"
#include "generator.h"
#include "program.h"
#include "series.h"
#include "trained.h"

enum { LINES_AT_ONCE = 1024 };

typedef struct {
    const RdOptions *options;
    RdTrained trained;
    RdAnswerStyle style;
    bool *wanted;   /* [output_count] */
    bool generates; /* instead of telling outputs */
    bool decodes;   /* the same */
    bool targets;   /* the text that is produced is what is given */
} Predictor;

static RdReadOptions how_to_read(const Predictor *predictor) {
    return (RdReadOptions){.need_targets = predictor->targets,
                           .take_targets = predictor->style.produced >= 0,
                           .skip_bad = predictor->options->skip_bad,
                           .keep_text = true,
                           .learned = predictor->trained.saved.vocab};
}

/* ---- answering ---- */

static bool answer_plan(Predictor *predictor, const RdData *data, RdPlan *plan, RdError *error) {
    RdTrained *trained = &predictor->trained;
    RdCollected collected;
    if (!rd_trained_fit(trained, rd_plan_sizes(plan, trained->saved.vocab), error)) return false;
    trained->model->prepare(&trained->session.run, false);
    rd_collect(&collected, &trained->session, plan, predictor->wanted);
    for (int i = 0; i < data->count && !ferror(stdout); i++)
        rd_print_answer(stdout, &predictor->style, data, &collected, i);
    rd_collected_free(&collected);
    return rd_flush_output(error);
}

static bool generate_texts(Predictor *predictor, const RdData *data, RdError *error) {
    RdMadeTexts texts;
    bool done = rd_generate(&predictor->trained, predictor->options, data, &texts, error);
    for (int i = 0; done && i < data->count && !ferror(stdout); i++)
        rd_print_generated(texts.text[i], texts.score[i], predictor->options->json);
    rd_generated_free(&texts);
    return done && rd_flush_output(error);
}

static bool decode_texts(Predictor *predictor, const RdData *data, RdError *error) {
    RdMadeTexts texts;
    bool done = rd_decode(&predictor->trained, predictor->options, data, &texts, error);
    for (int i = 0; done && i < data->count && !ferror(stdout); i++)
        rd_print_decoded(stdout, &predictor->style, data, i, texts.text[i], texts.score[i]);
    rd_generated_free(&texts);
    return done && rd_flush_output(error);
}

static bool answer_examples(Predictor *predictor, const RdData *data, RdError *error) {
    RdExamples examples;
    RdPlan plan;
    rd_encode(predictor->trained.model, data, predictor->trained.saved.vocab, &examples);
    rd_plan_new(&examples, predictor->options->batch, &plan);
    bool done = answer_plan(predictor, data, &plan, error);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
    return done;
}

/* A text that is to be explained and was not given is what the model generates. */
static bool explain_generated(Predictor *predictor, RdData *data, RdError *error) {
    RdMadeTexts texts;
    if (!rd_generates(predictor->trained.model))
        return rd_fail(error, "explain: the model does not generate '%s'; expected a file with it",
                       predictor->trained.model->columns[predictor->style.produced].name);
    bool done = rd_generate(&predictor->trained, predictor->options, data, &texts, error);
    if (done) rd_generated_as_data(&texts, &predictor->trained, data);
    predictor->style.score = texts.score;
    done = done && answer_examples(predictor, data, error);
    predictor->style.score = NULL;
    rd_generated_free(&texts);
    return done;
}

static bool answer_data(Predictor *predictor, RdData *data, RdError *error) {
    int produced = predictor->style.produced;
    rd_note_data(predictor->trained.model, data);
    if (predictor->generates) return generate_texts(predictor, data, error);
    if (predictor->decodes) return decode_texts(predictor, data, error);
    if (produced >= 0 && !data->has[produced]) return explain_generated(predictor, data, error);
    return answer_examples(predictor, data, error);
}

static bool answer_file(Predictor *predictor, const char *path, RdError *error) {
    RdData data;
    bool done =
        rd_data_read(path, predictor->trained.model, how_to_read(predictor), &data, error) &&
        answer_data(predictor, &data, error);
    rd_data_free(&data);
    return done;
}

static bool answer_texts(Predictor *predictor, char *const *texts, int count, RdError *error) {
    RdData data;
    bool done = rd_data_from_texts((const char *const *)texts, count, predictor->trained.model,
                                   how_to_read(predictor), &data, error) &&
                (data.count == 0 || answer_data(predictor, &data, error));
    rd_data_free(&data);
    return done;
}

/* ---- standard input: answered as it comes ---- */

/* Whether more can be read without waiting. */
static bool input_waits(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0;
}

/* Reads a line without its end; false at the end of the input. */
static bool read_line(char **line, size_t *capacity) {
    ssize_t length = getline(line, capacity, stdin);
    if (length < 0) return false;
    while (length > 0 && ((*line)[length - 1] == '\n' || (*line)[length - 1] == '\r'))
        (*line)[--length] = '\0';
    return true;
}

/* The lines that are there, at least one unless the input is over. */
static int read_lines(char **lines) {
    int count = 0;
    size_t capacity = 0;
    char *line = NULL;
    while (count < LINES_AT_ONCE && (count == 0 || input_waits()) && read_line(&line, &capacity))
        lines[count++] = rd_copy(line);
    free(line);
    return count;
}

/* Turns "text 3: …" into "standard input:103: …". */
static bool name_line(RdError *error, int lines_before) {
    int number, at = 0;
    if (sscanf(error->text, "text %d: %n", &number, &at) == 1 && at > 0)
        rd_fail(error, "standard input:%d: %s", lines_before + number, error->text + at);
    return false;
}

static bool answer_input(Predictor *predictor, RdError *error) {
    char *lines[LINES_AT_ONCE];
    int before = 0;
    for (int count; (count = read_lines(lines)) > 0; before += count) {
        bool done = answer_texts(predictor, lines, count, error) || name_line(error, before);
        for (int i = 0; i < count; i++) free(lines[i]);
        if (!done) return false;
    }
    if (ferror(stdin)) return rd_fail(error, "standard input: %s", strerror(errno));
    if (before == 0) return rd_fail(error, "standard input: is empty; expected a text a line");
    return true;
}

/* ---- the arguments ---- */

typedef enum { A_TEXT, A_FILE, THE_INPUT } ArgumentKind;

static bool exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

/* Whether an argument names files side by side: all of them exist. */
static bool are_files(const char *argument) {
    char *names = rd_copy(argument), *rest = names, *name;
    bool all = strchr(argument, ',');
    while (all && (name = strsep(&rest, ","))) all = exists(name);
    free(names);
    return all;
}

static ArgumentKind kind_of(const char *argument) {
    if (!strcmp(argument, "-")) return THE_INPUT;
    return exists(argument) || are_files(argument) ? A_FILE : A_TEXT;
}

/* A text that was perhaps meant as the name of a file is answered, but not silently. */
static void doubt(const char *text) {
    static const char *const endings[] = {".txt", ".tsv", ".csv", ".gz"};
    size_t length = strlen(text);
    if (strchr(text, ' ')) return;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (length > n && !strcmp(text + length - n, endings[i]))
            rd_note("%s: there is no such file; it is taken as a text", text);
    }
}

/* Texts that follow each other are answered together. */
static bool answer_all(Predictor *predictor, RdError *error) {
    char *const *texts = predictor->options->texts;
    int count = predictor->options->text_count;
    bool done = true;
    for (int i = 0, n; done && i < count; i += n) {
        ArgumentKind kind = kind_of(texts[i]);
        n = 1;
        if (kind == A_TEXT) doubt(texts[i]);
        while (kind == A_TEXT && i + n < count && kind_of(texts[i + n]) == A_TEXT) n++;
        if (kind == THE_INPUT && rd_frames_column(predictor->trained.model)) kind = A_FILE;
        done = kind == THE_INPUT ? answer_input(predictor, error)
               : kind == A_FILE  ? answer_file(predictor, texts[i], error)
                                 : answer_texts(predictor, texts + i, n, error);
    }
    return done;
}

/* A text that the model produces is given to be explained, where there is nothing to make it of. */
static bool explains_targets(const Predictor *predictor) {
    const RdModel *model = predictor->trained.model;
    return predictor->options->verb == RD_VERB_EXPLAIN && rd_field_count(model, true) == 1 &&
           rd_produced_text(model) >= 0 && rd_long_text(model) < 0;
}

static bool set_style(Predictor *predictor, RdError *error) {
    const RdModel *model = predictor->trained.model;
    bool inputs = rd_field_count(model, false),
         explain = predictor->options->verb == RD_VERB_EXPLAIN;
    predictor->targets = !inputs && explains_targets(predictor);
    if (!inputs && !predictor->targets)
        return rd_fail(error,
                       "the model has no input to answer; generate goes on with a text, "
                       "eval says how probable one is");
    const char *no_color = getenv("NO_COLOR");
    bool terminal = isatty(STDOUT_FILENO);
    predictor->style = (RdAnswerStyle){.model = model,
                                       .vocab = predictor->trained.saved.vocab,
                                       .answer = rd_answer(model),
                                       .json = predictor->options->json,
                                       .explain = explain,
                                       .produced = explain ? rd_produced_text(model) : -1,
                                       .terminal = terminal,
                                       .color = terminal && !(no_color && *no_color)};
    if (predictor->style.explain && !rd_can_explain(&predictor->style))
        return rd_fail(error, "explain: the model puts out no weight for each word; use predict");
    predictor->wanted = rd_zeros((size_t)model->output_count, sizeof *predictor->wanted);
    rd_answers_wanted(&predictor->style, predictor->wanted);
    return true;
}

/* A text of a model that reads nothing, or what belongs to each text that is given. */
static bool answer(Predictor *predictor, RdError *error) {
    const RdModel *model = predictor->trained.model;
    const RdOptions *options = predictor->options;
    bool inputs = rd_generates_from_inputs(model), write = options->verb == RD_VERB_GENERATE;
    predictor->generates = rd_generates(model) && inputs && options->verb != RD_VERB_EXPLAIN;
    predictor->decodes = model->decoding && options->verb != RD_VERB_EXPLAIN;
    if (write && !inputs && options->text_count)
        return rd_fail(error, "generate: the model reads no text; --prompt says how to begin");
    if (write && !inputs) return rd_generate_alone(&predictor->trained, options, error);
    if (write && !options->text_count)
        return rd_fail(error, "generate: the model needs a text, a file with a text a line, or -");
    return set_style(predictor, error) && answer_all(predictor, error);
}

int rd_cmd_predict(const RdProgram *program, const RdOptions *options) {
    RdError error;
    Predictor predictor = {.options = options};
    bool done = rd_trained_load(&predictor.trained, program->model, options->model,
                                options->threads, &error) &&
                answer(&predictor, &error);
    rd_trained_close(&predictor.trained);
    free(predictor.wanted);
    return done ? RD_EXIT_OK : rd_report(&error);
}
