#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "numbers.h"
#include "reading.h"

enum { FIRST_RECORDS = 100 }; /* that show which field is which column */

/* ---- lines of sequences ---- */

/* The id of a line; NULL when it cannot be told. */
static const char *id_of(const RdReading *r, const RdRecord *record) {
    if (r->mapping.by < 0) return "";
    return record && record->count == r->mapping.fields ? record->field[r->mapping.by] : NULL;
}

/* Whether a line belongs to the sequence of one before it, which was good. */
static bool goes_on(const RdReading *r, const RdRecord *record) {
    const RdColumn *frames = r->series.frames;
    if (!frames || frames->window) return false;
    int first = rd_series_first(&r->series, id_of(r, record));
    return first >= 0 && first < r->data->count;
}

/* Keeps the texts of a sequence that begins. */
static void hold_texts(RdReading *r, const RdRecord *record) {
    for (int c = 0; c < r->model->column_count; c++) {
        int f = r->mapping.field[c];
        if (f < 0 || !rd_column_of_words(&r->model->columns[c])) continue;
        free(r->text[c]);
        r->text[c] = rd_copy(record->field[f]);
    }
}

static bool wrong_count(const RdReading *r, const RdRecord *record, RdError *error) {
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

static bool check_record(RdReading *r, const RdRecord *record, RdError *error) {
    r->bad_word = -1;
    r->goes_on = false;
    if (record->count != r->mapping.fields) return wrong_count(r, record, error);
    r->goes_on = goes_on(r, record);
    for (int c = 0; c < r->model->column_count; c++) {
        int f = r->mapping.field[c];
        if (f >= 0 && !rd_check_field(r, c, record, error)) return false;
    }
    return r->goes_on || rd_check_lengths(r, error);
}

/* Whether a line has the value that its sequence began with, where there is one a sequence. */
static bool check_constant(const RdReading *r, int c, const RdRecord *record, int first,
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

static bool check_sequence(const RdReading *r, const RdRecord *record, RdError *error) {
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

static void note_gap(RdReading *r, const RdRecord *record, int line) {
    if (r->series.frames) rd_series_gap(&r->series, id_of(r, record), r->data->count, line);
}

/* Stores a record, or says what is wrong with it. */
static bool take(RdReading *r, const RdRecord *record, RdError *error) {
    RdError why;
    char wanted[120], hint[200] = "";
    bool good = check_record(r, record, &why) && check_sequence(r, record, &why);
    bool first = r->first && !r->mapping.header;
    r->first = false;
    if (good && r->series.frames) {
        rd_series_line(&r->series, id_of(r, record), r->data->count, record->line);
        if (!r->goes_on) hold_texts(r, record);
    }
    if (good) return rd_store_record(r, record), true;
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
static bool skip_record(RdReading *r, const RdError *why, RdError *error) {
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
static bool is_gap(const RdReading *r, const RdRecord *record) {
    return r->reader && rd_reader_format(r->reader) == RD_FORMAT_LINES && !record->length[0] &&
           produces_lines(r->model, r->options.need_targets);
}

static bool take_or_skip(RdReading *r, const RdRecord *record, RdError *error) {
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
static bool take_item(RdReading *r, const RdKept *item, bool *more, RdError *error) {
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
static void find_columns(RdReading *r) {
    for (int c = 0; c < r->model->column_count; c++) {
        const RdColumn *column = &r->model->columns[c];
        int from = column->inner                 ? column->over
                   : column->kind == RD_PREVIOUS ? column->previous
                                                 : c;
        r->data->has[c] = r->mapping.field[from] >= 0;
    }
}

/* Keeps the first records, from the first good one on. */
static bool read_first_records(RdReading *r, RdError *error) {
    bool more = true;
    r->item = rd_zeros(FIRST_RECORDS, sizeof *r->item);
    while (more && r->item_count < FIRST_RECORDS) {
        RdKept item;
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

static bool map_first_records(RdReading *r, RdError *error) {
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
static bool read_sentences(RdReading *r, RdError *error) {
    bool more = true;
    while (more) {
        RdKept item;
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

static bool read_records(RdReading *r, RdError *error) {
    bool more = true;
    if (r->conll) return read_sentences(r, error);
    if (!read_first_records(r, error) || !map_first_records(r, error)) return false;
    for (int i = r->mapping.header ? 1 : 0; i < r->item_count; i++)
        if (!take_item(r, &r->item[i], &more, error)) return false;
    while (more) {
        RdKept item;
        item.status = rd_reader_next(r->reader, &item.record, &item.error);
        if (!take_item(r, &item, &more, error)) return false;
    }
    return true;
}

static bool check_not_empty(const RdReading *r, RdError *error) {
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

static void end_reading(RdReading *r) {
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
    RdReading r = {
        .reader = reader, .model = model, .options = options, .data = data, .first = true};
    if (format == RD_FORMAT_CONLL || format == RD_FORMAT_CONLLU) r.conll = rd_conll_new(reader);
    r.series.frames = rd_frames_column(model);
    data->path = rd_copy(rd_reader_name(reader));
    bool good = read_records(&r, error) && check_not_empty(&r, error);
    if (good && r.series.frames) good = rd_series_end(&r.series, data, model, error);
    end_reading(&r);
    return good;
}

/* Each text is the only field of a record: the one input of the model, or its one target. */
static bool map_texts(RdReading *r, RdError *error) {
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
    RdReading r = {.model = model, .options = options, .data = data};
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
