#include "vectors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#include "alloc.h"
#include "numbers.h"
#include "reader.h"
#include "tokens.h"

/* ---- the parameter ---- */

/* Whether each row of a parameter is a word's. */
static bool has_words(const RdModel *model, int param) {
    const RdParam *p = &model->params[param];
    if (p->rank != 2 || p->dims[0] >= 0 || p->dims[1] < 0) return false;
    const RdColumn *column = &model->columns[-1 - p->dims[0]];
    return column->kind == RD_WORDS && rd_tokens_are_words(column) && !column->inner;
}

static bool only_param(const RdModel *model, int *param, RdError *error) {
    enum { LISTED = 8 };
    const char *names[LISTED];
    char list[256];
    int count = 0;
    for (int i = 0; i < model->param_count; i++) {
        if (!has_words(model, i)) continue;
        if (count < LISTED) names[count] = model->params[i].name;
        count++;
        *param = i;
    }
    if (count == 1) return true;
    if (!count) return rd_fail(error, "--vectors: the model has no parameter with a row a word");
    rd_list(list, sizeof list, names, count < LISTED ? count : LISTED);
    return rd_fail(error, "--vectors: %d parameters have a row a word: %s; write --vectors %s=FILE",
                   count, list, names[0]);
}

/* FILE, or PARAMETER=FILE. */
static bool find_param(const char *given, const RdModel *model, RdVectors *vectors,
                       RdError *error) {
    const char *sign = strchr(given, '=');
    size_t length = sign ? (size_t)(sign - given) : 0;
    for (int i = 0; sign && i < model->param_count; i++) {
        const char *name = model->params[i].name;
        if (strlen(name) != length || strncmp(name, given, length) != 0) continue;
        *vectors = (RdVectors){.path = sign + 1, .param = i};
        if (has_words(model, i)) return true;
        return rd_fail(error, "--vectors: parameter %s has no row a word", name);
    }
    *vectors = (RdVectors){.path = given};
    if (!only_param(model, &vectors->param, error)) return false;
    if (!sign || access(given, F_OK) == 0) return true;
    return rd_fail(error, "--vectors %s: no parameter is called '%.*s'; %s has a row a word", given,
                   (int)length, given, model->params[vectors->param].name);
}

/* ---- words ---- */

/* A word of the vocabulary that is not in lower case. */
typedef struct {
    char *lower;
    int number;
} Cased;

typedef struct {
    const RdVocab *vocab;
    bool *exact, *found; /* [vocab->size] a vector for the word itself; any vector */
    Cased *cased;        /* [cased_count] sorted by `lower` */
    int cased_count;
    int columns;
    float *rows;
} Table;

static char *to_lower(const char *word) {
    size_t length = strlen(word);
    char *lower = rd_zeros(2 * length + 1, 1), *to = lower; /* U+0130 and others grow */
    for (utf8proc_int32_t code; length > 0;) {
        utf8proc_ssize_t bytes =
            utf8proc_iterate((const utf8proc_uint8_t *)word, (utf8proc_ssize_t)length, &code);
        if (bytes <= 0) break;
        to += utf8proc_encode_char(utf8proc_tolower(code), (utf8proc_uint8_t *)to);
        word += bytes;
        length -= (size_t)bytes;
    }
    return lower;
}

static int compare_cased(const void *a, const void *b) {
    int order = strcmp(((const Cased *)a)->lower, ((const Cased *)b)->lower);
    return order ? order : ((const Cased *)a)->number - ((const Cased *)b)->number;
}

static Table new_table(const RdVocab *vocab, int columns, float *rows) {
    Table table = {.vocab = vocab, .columns = columns, .rows = rows};
    table.exact = rd_zeros((size_t)vocab->size + 1, sizeof *table.exact);
    table.found = rd_zeros((size_t)vocab->size + 1, sizeof *table.found);
    table.cased = rd_zeros((size_t)vocab->size + 1, sizeof *table.cased);
    for (int i = 1; i < vocab->size; i++) {
        char *lower = to_lower(vocab->word[i]);
        if (strcmp(lower, vocab->word[i]) != 0)
            table.cased[table.cased_count++] = (Cased){lower, i};
        else
            free(lower);
    }
    qsort(table.cased, (size_t)table.cased_count, sizeof *table.cased, compare_cased);
    return table;
}

static void free_table(Table *table) {
    for (int i = 0; i < table->cased_count; i++) free(table->cased[i].lower);
    free(table->cased);
    free(table->exact);
    free(table->found);
}

/* The first cased word that is `word` in lower case. */
static int first_cased(const Table *table, const char *word) {
    int low = 0, high = table->cased_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (strcmp(table->cased[middle].lower, word) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- lines ---- */

/* The next word of a line, which ends with a NUL then; NULL at the end. */
static char *next_word(char **at) {
    char *word = *at + strspn(*at, " \t"), *end = word + strcspn(word, " \t");
    if (!*word) return NULL;
    *at = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

static int count_words(const char *line) {
    int count = 0;
    while (*(line += strspn(line, " \t"))) {
        count++;
        line += strcspn(line, " \t");
    }
    return count;
}

static bool read_row(const Table *table, int row, char *numbers, RdError *error) {
    for (int i = 0; i < table->columns; i++) {
        char *number = next_word(&numbers);
        double value;
        if (!rd_read_number(number, &value)) return rd_fail(error, "'%s' is no number", number);
        table->rows[(size_t)row * (size_t)table->columns + (size_t)i] = (float)value;
    }
    return true;
}

/* Copies a row that was read for one word to another word. */
static void copy_row(const Table *table, int from, int to) {
    size_t columns = (size_t)table->columns;
    memcpy(table->rows + (size_t)to * columns, table->rows + (size_t)from * columns,
           columns * sizeof(float));
}

/* Takes the vector for all words that it is to be that of. */
static bool take(const Table *table, const char *word, char *numbers, RdError *error) {
    int row = rd_vocab_lookup(table->vocab, word), read = -1;
    if ((row || strcmp(word, table->vocab->word[0]) == 0) && !table->exact[row]) {
        if (!read_row(table, row, numbers, error)) return false;
        table->exact[row] = table->found[row] = true;
        read = row;
    }
    for (int i = first_cased(table, word);
         i < table->cased_count && strcmp(table->cased[i].lower, word) == 0; i++) {
        row = table->cased[i].number;
        if (table->found[row]) continue;
        if (read >= 0)
            copy_row(table, read, row);
        else if (!read_row(table, row, numbers, error))
            return false;
        table->found[row] = true;
        read = row;
    }
    return true;
}

/* "400000 100": how many there are. */
static bool is_head(const char *line) {
    return count_words(line) == 2 && line[strspn(line, "0123456789 \t")] == '\0';
}

/* A word may have blanks in it, as some of GloVe's do. Its last part is no number. */
static bool take_line(const Table *table, const char *param, char *line, RdError *error) {
    int parts = count_words(line), more = parts - 1 - table->columns;
    double value;
    if (!parts) return true;
    char *at = line, *word = next_word(&at), *last = word;
    for (int i = 0; i < more; i++) last = next_word(&at);
    if (more < 0 || (more > 0 && rd_read_number(last, &value)))
        return rd_fail(error, "%d numbers behind '%s'; %s has %d columns", parts - 1, word, param,
                       table->columns);
    return more > 0 || take(table, word, at, error);
}

static bool check_head(const Table *table, const char *param, const char *line, RdError *error) {
    const char *second = line + strspn(line, " \t");
    second += strcspn(second, " \t");
    long numbers = strtol(second, NULL, 10);
    if (numbers == table->columns) return true;
    return rd_fail(error, "vectors of %ld numbers; %s has %d columns", numbers, param,
                   table->columns);
}

static bool read_lines(const Table *table, const char *param, RdReader *reader, RdError *error) {
    RdRecord record;
    RdError what;
    RdReadStatus status;
    for (bool first = true; (status = rd_reader_next(reader, &record, error)) == RD_RECORD;
         first = false) {
        char *line = record.field[0];
        bool head = first && table->columns > 1 && is_head(line);
        if (head ? check_head(table, param, line, &what) : take_line(table, param, line, &what))
            continue;
        return rd_fail(error, "%s:%d: %s", rd_reader_name(reader), record.line, what.text);
    }
    return status == RD_END;
}

bool rd_vectors_read(const char *given, const RdModel *model, const RdVocab *vocab,
                     const RdLayout *layout, float *stretch, RdVectors *vectors, RdError *error) {
    if (!find_param(given, model, vectors, error)) return false;
    const RdParam *param = &model->params[vectors->param];
    RdReader *reader = rd_reader_open(vectors->path, RD_FORMAT_LINES, RD_FORMAT_LINES, error);
    if (!reader) return false;
    Table table = new_table(&vocab[-1 - param->dims[0]], layout->dims[vectors->param][1],
                            stretch + layout->start[vectors->param]);
    bool good = read_lines(&table, param->name, reader, error);
    vectors->words = table.vocab->size - 1;
    for (int i = 1; i < table.vocab->size; i++) vectors->found += table.found[i];
    free_table(&table);
    rd_reader_close(reader);
    return good;
}
