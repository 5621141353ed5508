#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "columns.h"
#include "conll.h"
#include "numbers.h"
#include "series.h"
#include "tokens.h"
#include "vocab.h"

enum { FIRST_RECORDS = 100 }; /* that show which field is which column */

/* One record, kept: what the reader said about it and a copy of what it gave. */
typedef struct {
    RdReadStatus status;
    RdRecord record;
    RdError error;
} Item;

typedef struct {
    RdReader *reader; /* NULL: texts in memory */
    RdConll *conll;   /* of sentences; else NULL */
    const RdModel *model;
    RdReadOptions options;
    RdMapping mapping;
    RdData *data;
    RdTokenizer tokenizer[RD_MAX_COLUMNS];
    bool first;      /* no record was taken yet */
    int bad_word;    /* of the record at hand: the number of the word that is wrong, or -1 */
    RdSeries series; /* of a model with frames */
    char *text[RD_MAX_COLUMNS]; /* of the sequence at hand: as its first line has it */
    bool goes_on;               /* the record at hand is a further frame of that sequence */
    Item *item;                 /* [item_count] the first records */
    int item_count;
} Reading;

/* ---- one record into the data ---- */

/* The least max_length of the columns that are read and have a word a step of sequence n. */
static int longest_text(const Reading *r, int n) {
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

static void make_room(Reading *r) {
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
static bool check_split(Reading *r, int c, const char *field, RdError *error) {
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

/* Checks a record's field of column c and splits it into words; nothing is stored yet. The texts of
 * a sequence are split at its first line, which the others must repeat: see check_constant. */
static bool check_field(Reading *r, int c, const RdRecord *record, RdError *error) {
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

/* All columns of words or tags, one a step of the same sequence, have one number of them. */
static bool check_lengths(const Reading *r, RdError *error) {
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
static void store_characters(Reading *r, int c) {
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

static void store_words(Reading *r, int c) {
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
static char *one_line(const Reading *r, const char *field) {
    char *text = rd_copy(field);
    for (char *at = text; r->conll && (at = strchr(at, '\n'));) *at = ' ';
    return text;
}

/* The record as a line. */
static char *join_fields(const Reading *r, const RdRecord *record) {
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
static void store_line(Reading *r, int c, int line) {
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

static void store(Reading *r, const RdRecord *record) {
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

/* ---- lines of sequences ---- */

/* The id of a line; NULL when it cannot be told. */
static const char *id_of(const Reading *r, const RdRecord *record) {
    if (r->mapping.by < 0) return "";
    return record && record->count == r->mapping.fields ? record->field[r->mapping.by] : NULL;
}

/* Whether a line belongs to the sequence of one before it, which was good. */
static bool goes_on(const Reading *r, const RdRecord *record) {
    const RdColumn *frames = r->series.frames;
    if (!frames || frames->window) return false;
    int first = rd_series_first(&r->series, id_of(r, record));
    return first >= 0 && first < r->data->count;
}

/* Keeps the texts of a sequence that begins. */
static void hold_texts(Reading *r, const RdRecord *record) {
    for (int c = 0; c < r->model->column_count; c++) {
        int f = r->mapping.field[c];
        if (f < 0 || !rd_column_of_words(&r->model->columns[c])) continue;
        free(r->text[c]);
        r->text[c] = rd_copy(record->field[f]);
    }
}

static bool wrong_count(const Reading *r, const RdRecord *record, RdError *error) {
    char names[160];
    const char *s = record->count == 1 ? "" : "s";
    RdFormat format = rd_reader_format(r->reader);
    if (r->mapping.header)
        return rd_fail(error, "%d field%s; expected %d as in the header", record->count, s,
                       r->mapping.fields);
    rd_column_list(r->model, r->mapping.fields == rd_field_count(r->model, true), names,
                   sizeof names);
    return rd_fail(error, "%d field%s; expected %d: %s%s", record->count, s, r->mapping.fields,
                   names,
                   format == RD_FORMAT_TSV   ? ", parted by tabs"
                   : format == RD_FORMAT_CSV ? ", parted by commas"
                                             : "");
}

static bool check_record(Reading *r, const RdRecord *record, RdError *error) {
    r->bad_word = -1;
    r->goes_on = false;
    if (record->count != r->mapping.fields) return wrong_count(r, record, error);
    r->goes_on = goes_on(r, record);
    for (int c = 0; c < r->model->column_count; c++) {
        int f = r->mapping.field[c];
        if (f >= 0 && !check_field(r, c, record, error)) return false;
    }
    return r->goes_on || check_lengths(r, error);
}

/* Whether a line has the value that its sequence began with, where there is one a sequence. */
static bool check_constant(const Reading *r, int c, const RdRecord *record, int first,
                           RdError *error) {
    const RdColumn *column = &r->model->columns[c];
    const char *field = record->field[r->mapping.field[c]];
    size_t width = (size_t)column->numbers;
    bool same = true;
    if (column->kind == RD_CLASS)
        same = rd_class_number(column, field) == r->data->number[c][first];
    if (column->kind == RD_NUMBERS && !column->per_step) {
        double *reals = rd_zeros(width, sizeof *reals);
        rd_numbers_of_record(column, &r->mapping, c, record, reals, NULL);
        same = memcmp(reals, r->data->real[c] + (size_t)first * width, width * sizeof *reals) == 0;
        free(reals);
    }
    if (rd_column_of_words(column)) same = strcmp(field, r->text[c]) == 0;
    if (same) return true;
    return rd_fail(error,
                   "column '%s' has '%.40s' here, but another value at the sequence's start "
                   "in line %d",
                   column->name, field, r->data->line[first]);
}

static bool check_sequence(const Reading *r, const RdRecord *record, RdError *error) {
    const char *id = id_of(r, record);
    if (!r->series.frames || r->series.frames->window) return true;
    if (!*id)
        return rd_fail(error, "column '%s' is empty; expected the id of a sequence",
                       r->series.frames->by);
    int first = rd_series_first(&r->series, id);
    for (int c = 0; r->goes_on && c < r->model->column_count; c++)
        if (r->mapping.field[c] >= 0 && !check_constant(r, c, record, first, error)) return false;
    return true;
}

static void note_gap(Reading *r, const RdRecord *record, int line) {
    if (r->series.frames) rd_series_gap(&r->series, id_of(r, record), r->data->count, line);
}

/* Stores a record, or says what is wrong with it. */
static bool take(Reading *r, const RdRecord *record, RdError *error) {
    RdError why;
    char wanted[120], hint[200] = "";
    bool good = check_record(r, record, &why) && check_sequence(r, record, &why);
    bool first = r->first && !r->mapping.header;
    r->first = false;
    if (good && r->series.frames) {
        rd_series_line(&r->series, id_of(r, record), r->data->count, record->line);
        if (!r->goes_on) hold_texts(r, record);
    }
    if (good) return store(r, record), true;
    if (!r->reader) return rd_fail(error, "%s %d: %s", r->data->path, record->line, why.text);
    if (r->conll)
        return rd_fail(error, "%s:%d: %s", r->data->path,
                       record->word_line[r->bad_word < 0 ? 0 : r->bad_word], why.text);
    if (first && rd_reader_format(r->reader) != RD_FORMAT_LINES) {
        rd_column_list(r->model, r->options.need_targets, wanted, sizeof wanted);
        snprintf(hint, sizeof hint, " (a header must name the columns %s)", wanted);
    }
    return rd_fail(error, "%s:%d: %s%s", r->data->path, record->line, why.text, hint);
}

/* A record that cannot be used: false when that ends the reading. */
static bool skip_record(Reading *r, const RdError *why, RdError *error) {
    if (!r->options.skip_bad) return rd_fail(error, "%s", why->text);
    if (r->data->skipped++ == 0) r->data->first_skipped = *why;
    return true;
}

/* Whether the model produces a text and needs nothing else: its examples are lines. */
static bool produces_lines(const RdModel *model, bool need_targets) {
    int produced = 0;
    for (int c = 0; c < model->column_count; c++)
        produced += rd_text_produced(&model->columns[c]) && !model->columns[c].window;
    return produced == 1 && need_targets && rd_field_count(model, true) == 1;
}

/* Between the lines of a text that is produced others may be empty. */
static bool is_gap(const Reading *r, const RdRecord *record) {
    return r->reader && rd_reader_format(r->reader) == RD_FORMAT_LINES && !record->length[0] &&
           produces_lines(r->model, r->options.need_targets);
}

static bool take_or_skip(Reading *r, const RdRecord *record, RdError *error) {
    RdError why;
    if (is_gap(r, record)) return true;
    if (take(r, record, &why)) return true;
    note_gap(r, record, record->line);
    return skip_record(r, &why, error);
}

/* ---- all records ---- */

/* Copies a record, which the reader reuses: one block holds pointers, lengths and text. */
static RdRecord keep_record(const RdRecord *record) {
    size_t count = (size_t)record->count, bytes = 0;
    for (size_t f = 0; f < count; f++) bytes += record->length[f] + 1;
    char **field = rd_zeros(1, count * (sizeof(char *) + sizeof(size_t)) + bytes);
    size_t *length = (size_t *)(field + count);
    char *text = (char *)(length + count);
    for (size_t f = 0; f < count; f++) {
        length[f] = record->length[f];
        field[f] = memcpy(text, record->field[f], length[f] + 1);
        text += length[f] + 1;
    }
    return (RdRecord){
        .line = record->line, .count = record->count, .field = field, .length = length};
}

/* What the reader gave, put to use; *more when it may give more. False ends the reading. */
static bool take_item(Reading *r, const Item *item, bool *more, RdError *error) {
    *more = item->status == RD_RECORD || item->status == RD_BAD_RECORD;
    switch (item->status) {
        case RD_RECORD:
            return take_or_skip(r, &item->record, error);
        case RD_BAD_RECORD:
            note_gap(r, NULL, 0);
            return skip_record(r, &item->error, error);
        case RD_READ_ERROR:
            return rd_fail(error, "%s", item->error.text);
        case RD_END:
            break;
    }
    return true;
}

/* Which columns there are, those of the characters of words with their words. */
static void find_columns(Reading *r) {
    for (int c = 0; c < r->model->column_count; c++) {
        const RdColumn *column = &r->model->columns[c];
        int from = column->inner                 ? column->over
                   : column->kind == RD_PREVIOUS ? column->previous
                                                 : c;
        r->data->has[c] = r->mapping.field[from] >= 0;
    }
}

/* Keeps the first records, from the first good one on. */
static bool read_first_records(Reading *r, RdError *error) {
    bool more = true;
    r->item = rd_zeros(FIRST_RECORDS, sizeof *r->item);
    while (more && r->item_count < FIRST_RECORDS) {
        Item item;
        item.status = rd_reader_next(r->reader, &item.record, &item.error);
        more = item.status == RD_RECORD || item.status == RD_BAD_RECORD;
        if (r->item_count == 0 && item.status != RD_RECORD) {
            if (!take_item(r, &item, &more, error)) return false;
            continue;
        }
        if (item.status == RD_RECORD) item.record = keep_record(&item.record);
        r->item[r->item_count++] = item;
    }
    return true;
}

static bool map_first_records(Reading *r, RdError *error) {
    RdRecord good[FIRST_RECORDS];
    int count = 0;
    for (int i = 0; i < r->item_count; i++)
        if (r->item[i].status == RD_RECORD) good[count++] = r->item[i].record;
    if (count == 0) return true;
    RdFormat format = rd_reader_format(r->reader);
    if (r->options.take_targets)
        r->options.need_targets |= rd_targets_there(format, r->model, good, count);
    if (!rd_map_columns(r->data->path, format, r->model, r->options.need_targets, good, count,
                        &r->mapping, error))
        return false;
    find_columns(r);
    return true;
}

/* The first sentence shows how many columns there are. */
static bool read_sentences(Reading *r, RdError *error) {
    bool more = true;
    while (more) {
        Item item;
        item.status = rd_conll_next(r->conll, &item.record, &item.error);
        if (item.status == RD_RECORD && r->mapping.fields == 0) {
            if (!rd_map_sentences(r->data->path, rd_reader_format(r->reader), r->model,
                                  r->options.need_targets, item.record.count, &r->mapping, error))
                return false;
            find_columns(r);
        }
        if (!take_item(r, &item, &more, error)) return false;
    }
    return true;
}

static bool read_records(Reading *r, RdError *error) {
    bool more = true;
    if (r->conll) return read_sentences(r, error);
    if (!read_first_records(r, error) || !map_first_records(r, error)) return false;
    for (int i = r->mapping.header ? 1 : 0; i < r->item_count; i++)
        if (!take_item(r, &r->item[i], &more, error)) return false;
    while (more) {
        Item item;
        item.status = rd_reader_next(r->reader, &item.record, &item.error);
        if (!take_item(r, &item, &more, error)) return false;
    }
    return true;
}

static bool check_not_empty(const Reading *r, RdError *error) {
    const RdData *data = r->data;
    char names[160];
    if (data->count > 0) return true;
    if (data->skipped > 0)
        return rd_fail(error, "%s: none of the %d records can be used; the first: %s", data->path,
                       data->skipped, data->first_skipped.text);
    if (r->mapping.header)
        return rd_fail(error, "%s: there is no record after the header", data->path);
    rd_column_list(r->model, r->options.need_targets, names, sizeof names);
    return rd_fail(error, "%s: the file is empty; expected records of: %s", data->path, names);
}

static void end_reading(Reading *r) {
    for (int i = 0; i < r->item_count; i++)
        if (r->item[i].status == RD_RECORD) free(r->item[i].record.field);
    free(r->item);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        rd_tokenizer_free(&r->tokenizer[c]);
        free(r->text[c]);
    }
    rd_conll_free(r->conll);
    rd_mapping_free(&r->mapping);
    rd_series_free(&r->series);
    rd_reader_close(r->reader);
}

/* What a file is whose name and first line do not say it. */
static RdFormat fallback_format(const RdModel *model, bool need_targets) {
    bool tags = false;
    for (int c = 0; c < model->column_count; c++)
        tags |=
            rd_column_needed(&model->columns[c], need_targets) && model->columns[c].kind == RD_TAGS;
    if (tags) return RD_FORMAT_CONLL;
    if (rd_frames_column(model)) return RD_FORMAT_CSV;
    return rd_field_count(model, need_targets) == 1 ? RD_FORMAT_LINES : RD_FORMAT_CSV;
}

bool rd_data_read(const char *path, const RdModel *model, RdReadOptions options, RdData *data,
                  RdError *error) {
    *data = (RdData){0};
    bool lines = produces_lines(model, options.need_targets), book = rd_long_text(model) >= 0;
    if (lines && options.format == RD_FORMAT_AUTO) options.format = rd_named_format(path);
    if (lines && options.format == RD_FORMAT_AUTO) options.format = RD_FORMAT_LINES;
    if (book) options.format = RD_FORMAT_LINES;
    if (book) options.need_targets = true; /* it is all that there is */
    RdReader *reader =
        rd_reader_open(path, options.format, fallback_format(model, options.need_targets), error);
    if (!reader) return false;
    RdFormat format = rd_reader_format(reader);
    Reading r = {.reader = reader, .model = model, .options = options, .data = data, .first = true};
    if (format == RD_FORMAT_CONLL || format == RD_FORMAT_CONLLU) r.conll = rd_conll_new(reader);
    r.series.frames = rd_frames_column(model);
    data->path = rd_copy(rd_reader_name(reader));
    bool good = read_records(&r, error) && check_not_empty(&r, error);
    if (good && r.series.frames) good = rd_series_end(&r.series, data, model, error);
    end_reading(&r);
    return good;
}

/* Each text is the only field of a record: the one input of the model, or its one target. */
static bool map_texts(Reading *r, RdError *error) {
    char names[200];
    bool targets = r->options.need_targets;
    int inputs = rd_field_count(r->model, targets);
    r->mapping = rd_no_mapping();
    r->mapping.fields = 1;
    for (int c = 0; c < r->model->column_count; c++)
        r->mapping.field[c] = rd_column_needed(&r->model->columns[c], targets) ? 0 : -1;
    find_columns(r);
    if (rd_frames_column(r->model))
        return rd_fail(error,
                       "the model reads frames; expected a file, or - for the standard input");
    if (inputs == 1) return true;
    rd_column_list(r->model, targets, names, sizeof names);
    return rd_fail(error, "the model has %d inputs (%s); expected a file with these columns",
                   inputs, names);
}

bool rd_data_from_texts(const char *const *texts, int count, const RdModel *model,
                        RdReadOptions options, RdData *data, RdError *error) {
    *data = (RdData){.path = rd_copy("text")};
    Reading r = {.model = model, .options = options, .data = data};
    bool good = map_texts(&r, error);
    for (int i = 0; good && i < count; i++) {
        char *field = (char *)texts[i]; /* a record's fields may be changed; this one is not */
        size_t length = strlen(field);
        good = take_or_skip(
            &r, &(RdRecord){.line = i + 1, .count = 1, .field = &field, .length = &length}, error);
    }
    end_reading(&r);
    return good;
}

void rd_data_free(RdData *data) {
    free(data->path);
    free(data->line);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        free(data->words[c].bytes);
        free(data->words[c].first);
        free(data->words[c].word_count);
        free(data->number[c]);
        free(data->real[c]);
        for (int i = 0; data->text[c] && i < data->count; i++) free(data->text[c][i]);
        free((void *)data->text[c]);
    }
    for (int i = 0; data->shown && i < data->count; i++) free(data->shown[i]);
    free((void *)data->shown);
    free(data->frames);
    *data = (RdData){0};
}

const char *rd_first_word(const RdData *data, int column, int i) {
    return data->words[column].bytes + data->words[column].first[i];
}

const char *rd_next_word(const char *word) { return word + strlen(word) + 1; }
