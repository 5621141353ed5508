#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "series.h"
#include "tokens.h"

int rd_report(const RdError *error) {
    fprintf(stderr, "%s: %s\n", rd_program_name(), error->text);
    return RD_EXIT_FAILED;
}

void rd_note(const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s: ", rd_program_name());
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}

void rd_note_data(const RdModel *model, const RdData *data) {
    if (data->skipped)
        rd_note("%s: %d record%s left out; the first: %s", data->path, data->skipped,
                data->skipped == 1 ? "" : "s", data->first_skipped.text);
    for (int c = 0; c < model->column_count; c++)
        if (data->has[c] && data->words[c].cut)
            rd_note("%s: %d %s%s longer than %d %s lost the end", data->path, data->words[c].cut,
                    model->columns[c].inner ? "word" : "text", data->words[c].cut == 1 ? "" : "s",
                    model->columns[c].max_length, rd_token_units(&model->columns[c]));
    const RdColumn *frames = rd_frames_column(model);
    if (data->frames_cut)
        rd_note("%s: %d sequence%s longer than %d frames lost the end", data->path,
                data->frames_cut, data->frames_cut == 1 ? "" : "s", frames->max_length);
}

bool rd_flush_output(RdError *error) {
    bool failed_before = ferror(stdout);
    errno = 0;
    if (fflush(stdout) == 0 && !failed_before) return true;
    return rd_fail(error, "standard output: %s", errno ? strerror(errno) : "could not be written");
}

/* Keeps the numbers 0 to 2 from files that are opened later when the program was started without
 * them: reading or writing there fails, as it should. */
static void occupy_standard_files(void) {
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0) return;
}

static int run(const RdProgram *program, const RdOptions *options) {
    switch (options->verb) {
        case RD_VERB_TRAIN:
            return rd_cmd_train(program, options);
        case RD_VERB_EVAL:
            return rd_cmd_eval(program, options);
        case RD_VERB_PREDICT:
        case RD_VERB_EXPLAIN:
        case RD_VERB_GENERATE:
            return rd_cmd_predict(program, options);
        case RD_VERB_STREAM:
            return rd_cmd_stream(program, options);
        case RD_VERB_INFO:
            return rd_cmd_info(program, options);
        case RD_VERB_GRADCHECK:
            return rd_cmd_gradcheck(program, options);
        case RD_VERB_BENCH:
            return rd_cmd_bench(program, options);
        case RD_VERB_IMPORT:
            return rd_cmd_import(program, options);
        case RD_VERB_COUNT:
            break;
    }
    return RD_EXIT_USAGE;
}

int rd_program_run(const RdProgram *program, int count, char **arguments) {
    occupy_standard_files();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, which is reported, */
    signal(SIGXFSZ, SIG_IGN); /* as is a file that may not become larger */
    RdOptions options;
    RdError error;
    int status = rd_cli_parse(&options, program->model, count, arguments);
    if (status != RD_CLI_RUN) return status;
    status = run(program, &options);
    if (!rd_flush_output(&error) && status == RD_EXIT_OK) return rd_report(&error);
    return status;
}
