/* The sentiment example on the sentences of SST-2: the same bits for each in any batch. Exit status
 * 77 when the data are not there. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batches.h"
#include "object.h"
#include "programs.h"
#include "reference.h"

enum { WORDS = 2000, LONGEST = 256 };

static const char path[] = RONDO_DATA "/sst2/dev.tsv";

/* Some number for each word, always the same. */
static int number_of(const char *word) {
    unsigned hash = 2166136261u;
    for (; *word; word++) hash = (hash ^ (unsigned char)*word) * 16777619u;
    return (int)(hash % WORDS);
}

typedef VEC(int) Numbers;

/* A line: label, tab, words. */
static void read_line(Arena *arena, char *line, Numbers *length, Numbers *words, Numbers *labels) {
    char *label = strtok(line, "\t"), *word;
    int count = 0;
    vec_push(arena, labels, strcmp(label, "pos") == 0);
    while (count < LONGEST && (word = strtok(NULL, " \n"))) {
        vec_push(arena, words, number_of(word));
        count++;
    }
    cr_assert(count > 0);
    vec_push(arena, length, count);
}

static Data read_sentences(Arena *arena, const RdModel *model) {
    FILE *file = fopen(path, "r");
    cr_assert(file, "cannot read %s", path);
    Numbers length = {0}, words = {0}, labels = {0};
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0) read_line(arena, line, &length, &words, &labels);
    free(line);
    fclose(file);
    Data data = {.count = length.len, .length = length.at};
    for (int c = 0; c < model->column_count; c++) {
        bool text = model->columns[c].kind == RD_WORDS;
        data.column[c] = text ? words.at : labels.at;
        data.vocab[c] = text ? WORDS : 0;
    }
    return data;
}

Test(sst2, is_answered_alike_in_any_batch) {
    Arena *arena = arena_new();
    size_t length;
    const char *text = project_file(arena, "examples/sentiment.rondo", &length);
    cr_assert(text);
    Programs programs = programs_of_text(arena, "sentiment.rondo", text);
    cr_assert(programs.c, "%s", programs.said);
    Object object = object_load(arena, &programs.c, 1, false, PROGRAM_FLAGS);
    Data data = read_sentences(arena, object.model[0]);
    cr_assert_eq(data.count, 872, "%d sentences", data.count);
    check_batches(arena, "sentiment", object.model[0], &data);
    object_unload(&object);
    arena_free(arena);
}

int main(int argc, char *argv[]) {
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("no %s: skipped\n", path);
        return 77;
    }
    fclose(file);
    struct criterion_test_set *tests = criterion_initialize();
    int status = 0;
    if (criterion_handle_args(argc, argv, true)) status = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return status;
}
