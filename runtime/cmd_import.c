#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "import.h"
#include "program.h"

/* The model must not replace the file that it is made from. */
static bool check_files(const RdOptions *options, RdError *error) {
    struct stat from, to;
    if (stat(options->weights, &from) || stat(options->model, &to) || from.st_ino != to.st_ino ||
        from.st_dev != to.st_dev)
        return rd_model_can_save(options->model, error);
    return rd_fail(error, "--model %s: would overwrite the weights", options->model);
}

static void tell(const char *what, void *context) {
    rd_note("%s: %s", (const char *)context, what);
}

static bool save(const RdModel *model, const RdSaved *saved, const char *path, RdError *error) {
    int sizes[RD_MAX_COLUMNS];
    rd_saved_vocab_sizes(saved, sizes);
    RdLayout layout = rd_layout(model, sizes);
    RdAtomicFile file = rd_atomic_open(path);
    bool good = rd_model_save(&file, model, &layout, saved, error);
    if (good) printf("%s: %d tensors, %zu numbers\n", path, model->param_count, layout.numbers);
    rd_atomic_close(&file);
    rd_layout_free(&layout);
    return good;
}

int rd_cmd_import(const RdProgram *program, const RdOptions *options) {
    const RdModel *model = program->model;
    RdError error;
    RdSaved saved = {0};
    int moved[RD_MAX_COLUMNS];
    bool good =
        check_files(options, &error) &&
        rd_import_columns(options->vocab.at, options->vocab.count, model, &saved, moved, &error) &&
        rd_import_weights(options->weights, model, moved, &saved, tell, (void *)options->weights,
                          &error) &&
        save(model, &saved, options->model, &error);
    rd_saved_free(&saved);
    return good ? RD_EXIT_OK : rd_report(&error);
}
