/* Records into the data. */
#include "reading.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "numbers.h"
#include "tokens.h"
#include "vocab.h"

/* The least max_length of the columns that are read and have a word a step of sequence n. */
static int longest_text(const RdReading *r, int n) {
    int longest = 0;
    for (int c = 0; c < r->model->column_count; c++) {
        const RdColumn *column = &r->model->columns[c];
        if (column->kind != RD_WORDS || column->per_step != n || !r->data->has[c]) continue;
        if (column->max_length > 0 && (longest == 0 || column->max_length < longest))
            longest = column->max_length;
    }
    return longest;
}

/* Whether a column has nothing in the data: it is made from another one. */
static bool is_derived(const RdColumn *column) {
    return rd_column_hidden(column) && !column->inner;
}

static void make_room(RdReading *r) {
    RdData *data = r->data;
    size_t need = (size_t)data->count + 1, room = data->capacity;
    if (need <= room) return;
    data->line = rd_grow(data->line, &room, need, sizeof *data->line);
    if (r->options.keep_text) {
        size_t shown = data->capacity;
        data->shown = rd_grow((void *)data->shown, &shown, room, sizeof(char *));
    }
    for (int c = 0; c < r->model->column_count; c++) {
        if (!data->has[c]) continue;
        RdWords *words = &data->words[c];
        size_t first = data->capacity, count = first, number = first, text = first;
        if (is_derived(&r->model->columns[c])) continue;
        if (r->model->columns[c].inner) {
            words->first = rd_grow(words->first, &first, need, sizeof *words->first);
            continue;
        }
        if (r->model->columns[c].kind == RD_CLASS) {
            data->number[c] = rd_grow(data->number[c], &number, need, sizeof(int));
            continue;
        }
        if (r->model->columns[c].kind == RD_NUMBERS) {
            size_t each = (size_t)r->model->columns[c].numbers, reals = data->capacity * each;
            data->real[c] = rd_grow(data->real[c], &reals, room * each, sizeof(double));
            continue;
        }
        words->first = rd_grow(words->first, &first, need, sizeof *words->first);
        words->word_count = rd_grow(words->word_count, &count, need, sizeof(int));
        if (r->options.keep_text && r->model->columns[c].kind == RD_WORDS)
            data->text[c] = rd_grow(data->text[c], &text, need, sizeof(char *));
    }
    data->capacity = room;
}

static bool unknown_class(const RdColumn *column, const char *field, RdError *error) {
    char known[160];
    rd_list(known, sizeof known, column->classes, column->class_count);
    const char *near = rd_nearest(field, column->classes, column->class_count);
    if (near)
        return rd_fail(error, "unknown %s '%s', did you mean '%s'? known: %s", column->name, field,
                       near, known);
    return rd_fail(error, "unknown %s '%.*s%s'; known: %s", column->name, 40, field,
                   strlen(field) > 40 ? "…" : "", known);
}

static bool empty_field(const RdColumn *column, const char *unit, RdError *error) {
    return rd_fail(error, "the text in column '%s' is empty; expected at least one %s",
                   column->name, unit);
}

/* The same for words and tags that are parted in the data. */
static bool check_split(RdReading *r, int c, const char *field, RdError *error) {
    const RdColumn *column = &r->model->columns[c];
    RdTokenizer *t = &r->tokenizer[c];
    bool tags = column->kind == RD_TAGS;
    rd_split(t, field, r->conll ? "\n" : " \t\n\v\f\r");
    for (int i = 0; tags && column->classes && i < t->count; i++) {
        r->bad_word = i;
        if (rd_class_number(column, t->word[i]) < 0)
            return unknown_class(column, t->word[i], error);
    }
    r->bad_word = -1;
    return t->count > 0 || column->window || empty_field(column, tags ? "tag" : "word", error);
}

bool rd_check_field(RdReading *r, int c, const RdRecord *record, RdError *error) {
    const RdColumn *column = &r->model->columns[c];
    const char *field = record->field[r->mapping.field[c]];
    size_t length = record->length[r->mapping.field[c]];
    if (r->goes_on && rd_column_of_words(column)) return true;
    if (column->kind == RD_CLASS)
        return rd_class_number(column, field) >= 0 || unknown_class(column, field, error);
    if (column->kind == RD_NUMBERS)
        return rd_numbers_of_record(column, &r->mapping, c, record, NULL, error);
    if (r->conll || column->split || column->kind == RD_TAGS)
        return check_split(r, c, field, error);
    RdError why;
    const RdBpe *bpe = r->options.learned ? r->options.learned[c].bpe : NULL;
    if (!rd_tokens_of(column, bpe, &r->tokenizer[c], field, length, &why))
        return rd_fail(error, "column '%s': %s", column->name, why.text);
    if (r->tokenizer[c].count > 0 || column->window) return true;
    return empty_field(column, rd_token_unit(column), error);
}

bool rd_check_lengths(const RdReading *r, RdError *error) {
    int before[RD_MAX_SEQUENCES + 1];
    for (int n = 0; n <= RD_MAX_SEQUENCES; n++) before[n] = -1;
    for (int c = 0; c < r->model->column_count; c++) {
        if (r->mapping.field[c] < 0 || !rd_column_of_words(&r->model->columns[c])) continue;
        int *first = &before[r->model->columns[c].per_step];
        if (*first >= 0 && r->tokenizer[c].count != r->tokenizer[*first].count)
            return rd_fail(error,
                           "column '%s' has %d words, column '%s' %d; expected equal numbers",
                           r->model->columns[*first].name, r->tokenizer[*first].count,
                           r->model->columns[c].name, r->tokenizer[c].count);
        *first = c;
    }
    return true;
}

/* The first `count` words that were split last, behind those that there are. */
static void append(RdWords *words, const RdTokenizer *t, int count) {
    size_t bytes = count < t->count ? (size_t)(t->word[count] - t->word[0]) : t->bytes;
    words->bytes = rd_grow(words->bytes, &words->capacity, words->size + bytes, 1);
    if (bytes) memcpy(words->bytes + words->size, t->word[0], bytes);
    words->word_count[words->owners++] = count;
    words->size += bytes;
}

/* One more word behind those of the last owner. */
static void append_word(RdWords *words, const char *word) {
    size_t bytes = strlen(word) + 1;
    words->bytes = rd_grow(words->bytes, &words->capacity, words->size + bytes, 1);
    memcpy(words->bytes + words->size, word, bytes);
    words->word_count[words->owners - 1]++;
    words->size += bytes;
}

/* The characters of each word of the record that is being stored. */
static void store_characters(RdReading *r, int c) {
    const RdColumn *column = &r->model->columns[c];
    RdWords *words = &r->data->words[c];
    RdTokenizer *t = &r->tokenizer[c];
    const char *word = rd_first_word(r->data, column->over, r->data->count);
    int count = r->data->words[column->over].word_count[r->data->count];
    for (int i = 0; i < count; i++, word = rd_next_word(word)) {
        rd_tokenize_chars(t, word, strlen(word), NULL);
        bool cut = column->max_length > 0 && t->count > column->max_length;
        words->word_count = rd_grow(words->word_count, &words->owner_capacity,
                                    (size_t)words->owners + 1, sizeof(int));
        append(words, t, cut ? column->max_length : t->count);
        words->cut += cut;
    }
}

static void store_words(RdReading *r, int c) {
    RdData *data = r->data;
    RdWords *words = &data->words[c];
    words->first[data->count] = words->size;
    if (r->goes_on) {
        words->word_count[words->owners++] = 0;
        return;
    }
    const RdTokenizer *t = &r->tokenizer[c];
    int longest = longest_text(r, r->model->columns[c].per_step);
    bool cut = longest > 0 && t->count > longest;
    append(words, t, cut ? longest : t->count);
    if (r->model->columns[c].marked) append_word(words, rd_mark);
    words->cut += cut && r->model->columns[c].kind == RD_WORDS;
}

/* A copy of a text; the words of a sentence stand behind each other. */
static char *one_line(const RdReading *r, const char *field) {
    char *text = rd_copy(field);
    for (char *at = text; r->conll && (at = strchr(at, '\n'));) *at = ' ';
    return text;
}

/* The record as a line. */
static char *join_fields(const RdReading *r, const RdRecord *record) {
    size_t size = 0;
    bool tabs = r->reader && rd_reader_format(r->reader) == RD_FORMAT_TSV;
    for (int f = 0; f < record->count; f++) size += record->length[f] + 1;
    char *line = rd_zeros(size + 1, 1), *at = line;
    for (int f = 0; f < record->count; f++) {
        if (f) *at++ = tabs ? '\t' : ',';
        memcpy(at, record->field[f], record->length[f]);
        at += record->length[f];
    }
    return line;
}

/* A line of the long text of column c. Lines of words end with the mark, others with a line end. */
static void store_line(RdReading *r, int c, int line) {
    RdData *data = r->data;
    RdWords *words = &data->words[c];
    if (!data->count) {
        make_room(r);
        data->line[data->count++] = line;
        words->owners = 1;
        words->word_count[0] = 0;
        words->first[0] = 0;
        if (data->text[c]) data->text[c][0] = rd_copy("");
        if (data->shown) data->shown[0] = rd_copy("");
    }
    words->owners--;
    int before = words->word_count[0];
    append(words, &r->tokenizer[c], r->tokenizer[c].count);
    words->word_count[0] += before;
    append_word(words, rd_token_line_end(&r->model->columns[c]));
}

void rd_store_record(RdReading *r, const RdRecord *record) {
    RdData *data = r->data;
    int text = rd_long_text(r->model);
    if (text >= 0) {
        store_line(r, text, record->line);
        return;
    }
    make_room(r);
    data->line[data->count] = record->line;
    for (int c = 0; c < r->model->column_count; c++) {
        int f = r->mapping.field[c];
        if (!data->has[c] || is_derived(&r->model->columns[c])) continue;
        if (r->model->columns[c].inner) {
            data->words[c].first[data->count] = data->words[c].size;
            store_characters(r, c);
            continue;
        }
        if (r->model->columns[c].kind == RD_CLASS) {
            data->number[c][data->count] = rd_class_number(&r->model->columns[c], record->field[f]);
            continue;
        }
        if (r->model->columns[c].kind == RD_NUMBERS) {
            const RdColumn *column = &r->model->columns[c];
            size_t first = (size_t)data->count * (size_t)column->numbers;
            rd_numbers_of_record(column, &r->mapping, c, record, data->real[c] + first, NULL);
            continue;
        }
        store_words(r, c);
        if (data->text[c])
            data->text[c][data->count] = r->goes_on ? NULL : one_line(r, record->field[f]);
    }
    if (data->shown) data->shown[data->count] = join_fields(r, record);
    data->count++;
}
