#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "alloc.h"
#include "tokenize.h"

enum { CHUNK = 1 << 16 };

struct RdReader {
    char *name;
    gzFile file;
    RdFormat format;
    int line; /* of the next byte */
    bool failed;
    RdError failure;
    int at, end; /* of the chunk: next byte, end */
    unsigned char chunk[CHUNK];
    /* the record: its text, each field with a NUL behind it */
    char *text;
    size_t size, text_capacity;
    size_t *length; /* [count] */
    char **field;
    int count;
    size_t length_capacity, field_capacity;
    RdReader **side; /* [sides] the files that are read side by side; 0: this is one */
    int sides;
};

/* ---- bytes ---- */

static void fail_reading(RdReader *r) {
    int code;
    const char *why = gzerror(r->file, &code);
    r->failed = true;
    if (code == Z_BUF_ERROR || code == Z_DATA_ERROR)
        rd_fail(&r->failure, "%s: the gzip file is damaged or cut short (after line %d)", r->name,
                r->line);
    else
        rd_fail(&r->failure, "%s: cannot read: %s", r->name,
                code == Z_ERRNO ? strerror(errno) : why);
}

static bool refill(RdReader *r) {
    if (r->failed) return false;
    int got = gzread(r->file, r->chunk, CHUNK), code = Z_OK;
    if (got <= 0) gzerror(r->file, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) fail_reading(r);
    r->at = 0;
    r->end = got > 0 ? got : 0;
    return got > 0;
}

static int peek(RdReader *r) { return r->at < r->end || refill(r) ? r->chunk[r->at] : EOF; }

static int next(RdReader *r) {
    int c = peek(r);
    if (c == EOF) return EOF;
    r->at++;
    r->line += c == '\n';
    return c;
}

/* ---- opening ---- */

static bool open_file(RdReader *r, const char *path, RdError *error) {
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rd_fail(error, "%s: cannot open: %s", r->name, strerror(errno));
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(fd);
        return rd_fail(error, "%s: is a directory; expected a file of data", r->name);
    }
    r->file = gzdopen(fd, "rb");
    if (!r->file) {
        close(fd);
        return rd_fail(error, "%s: cannot open: out of memory", r->name);
    }
    gzbuffer(r->file, CHUNK);
    return true;
}

static bool ends_with(const char *name, size_t length, const char *ending) {
    size_t n = strlen(ending);
    return length >= n && strncasecmp(name + length - n, ending, n) == 0;
}

RdFormat rd_named_format(const char *name) {
    static const struct {
        const char *ending;
        RdFormat format;
    } endings[] = {{".csv", RD_FORMAT_CSV},       {".tsv", RD_FORMAT_TSV},
                   {".conllu", RD_FORMAT_CONLLU}, {".conll", RD_FORMAT_CONLL},
                   {".bio", RD_FORMAT_CONLL},     {".iob", RD_FORMAT_CONLL},
                   {".iob2", RD_FORMAT_CONLL}};
    size_t length = strlen(name);
    if (ends_with(name, length, ".gz")) length -= 3;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, length, endings[i].ending)) return endings[i].format;
    return RD_FORMAT_AUTO;
}

/* A comment that CoNLL-U begins with, or the first word of a sentence in ten columns. */
static bool begins_as_conllu(const RdReader *r) {
    static const char *const starts[] = {"# sent_id", "# newdoc", "# newpar", "# text",
                                         "# global."};
    const char *line = (const char *)r->chunk + r->at;
    size_t length = (size_t)(r->end - r->at);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (length >= strlen(starts[i]) && !memcmp(line, starts[i], strlen(starts[i]))) return true;
    int tabs = 0;
    for (size_t i = 0; i < length && line[i] != '\n'; i++) tabs += line[i] == '\t';
    return tabs == 9 && line[0] == '1';
}

static RdFormat detect(const RdReader *r, RdFormat fallback) {
    RdFormat format = rd_named_format(r->name);
    if (format != RD_FORMAT_AUTO) return format;
    if (fallback == RD_FORMAT_CONLL)
        return begins_as_conllu(r) ? RD_FORMAT_CONLLU : RD_FORMAT_CONLL;
    for (int i = r->at; i < r->end && r->chunk[i] != '\n'; i++)
        if (r->chunk[i] == '\t') return RD_FORMAT_TSV;
    return fallback;
}

static bool check_start(RdReader *r, RdError *error) {
    refill(r);
    const unsigned char *c = r->chunk;
    if (r->end >= 3 && c[0] == 0xEF && c[1] == 0xBB && c[2] == 0xBF) r->at = 3;
    if (r->end >= 2 && ((c[0] == 0xFF && c[1] == 0xFE) || (c[0] == 0xFE && c[1] == 0xFF)))
        return rd_fail(error,
                       "%s: is UTF-16 text; expected UTF-8: convert it with"
                       " iconv -f UTF-16 -t UTF-8",
                       r->name);
    return true;
}

/* ---- files side by side ---- */

static bool is_list(const char *path) {
    struct stat status;
    return strchr(path, ',') && stat(path, &status) != 0;
}

/* A reader for each of the paths between the commas. */
static bool open_sides(RdReader *r, const char *path, RdError *error) {
    bool good = true;
    size_t capacity = 0;
    for (const char *at = path; good && *at; at += *at == ',') {
        char *one = rd_copy(at);
        one[strcspn(one, ",")] = '\0';
        at += strlen(one);
        r->side = rd_grow((void *)r->side, &capacity, (size_t)r->sides + 1, sizeof *r->side);
        RdReader *side = rd_reader_open(one, RD_FORMAT_LINES, RD_FORMAT_LINES, error);
        if (side) r->side[r->sides++] = side;
        good = side != NULL;
        free(one);
    }
    return good;
}

/* A line of each; all files end together. */
static RdReadStatus next_of_all(RdReader *r, RdRecord *record, RdError *error) {
    RdReadStatus status = RD_END;
    r->count = 0;
    for (int i = 0; i < r->sides; i++) {
        RdRecord line;
        RdError why;
        RdReadStatus got = rd_reader_next(r->side[i], &line, &why);
        if (got == RD_READ_ERROR || got == RD_BAD_RECORD) *error = why;
        if (got == RD_READ_ERROR) return got;
        if (i > 0 && (got == RD_END) != (status == RD_END)) {
            int longer = got == RD_END ? 0 : i, shorter = got == RD_END ? i : 0;
            rd_fail(error,
                    "%s: ends after line %d, but %s goes on; line by line they belong "
                    "together",
                    r->side[shorter]->name, r->line, r->side[longer]->name);
            return RD_READ_ERROR;
        }
        if (status != RD_BAD_RECORD) status = got;
        if (got != RD_RECORD) continue;
        r->length =
            rd_grow(r->length, &r->length_capacity, (size_t)r->count + 1, sizeof *r->length);
        r->field = rd_grow(r->field, &r->field_capacity, (size_t)r->count + 1, sizeof *r->field);
        r->length[r->count] = line.length[0];
        r->field[r->count++] = line.field[0];
    }
    r->line += status != RD_END;
    if (status != RD_RECORD) return status;
    *record =
        (RdRecord){.line = r->line, .count = r->count, .field = r->field, .length = r->length};
    return RD_RECORD;
}

RdReader *rd_reader_open(const char *path, RdFormat format, RdFormat fallback, RdError *error) {
    RdReader *r = rd_zeros(1, sizeof *r);
    r->name = rd_copy(strcmp(path, "-") == 0 ? "standard input" : path);
    if (is_list(path)) {
        r->format = RD_FORMAT_LINES;
        if (open_sides(r, path, error)) return r;
        rd_reader_close(r);
        return NULL;
    }
    r->line = 1;
    if (!open_file(r, path, error) || !check_start(r, error)) {
        rd_reader_close(r);
        return NULL;
    }
    r->format = format == RD_FORMAT_AUTO ? detect(r, fallback) : format;
    return r;
}

void rd_reader_close(RdReader *r) {
    if (!r) return;
    for (int i = 0; i < r->sides; i++) rd_reader_close(r->side[i]);
    free((void *)r->side);
    if (r->file) gzclose_r(r->file); /* gzclose would bring what writes, too */
    free(r->name);
    free(r->text);
    free(r->length);
    free(r->field);
    free(r);
}

RdFormat rd_reader_format(const RdReader *r) { return r->format; }

const char *rd_reader_name(const RdReader *r) { return r->name; }

/* ---- records ---- */

static void put(RdReader *r, int c) {
    r->text = rd_grow(r->text, &r->text_capacity, r->size + 1, 1);
    r->text[r->size++] = (char)c;
}

/* Ends the field that began at `start` of the text. */
static void end_field(RdReader *r, size_t start) {
    r->length = rd_grow(r->length, &r->length_capacity, (size_t)r->count + 1, sizeof *r->length);
    r->length[r->count++] = r->size - start;
    put(r, '\0');
}

/* The rest of a line of fields parted by `separator` (EOF: a single field). */
static void read_plain(RdReader *r, int separator) {
    size_t start = r->size;
    int c;
    while ((c = next(r)) != EOF && c != '\n') {
        if (c == '\r' && (peek(r) == '\n' || peek(r) == EOF)) continue;
        if (c == separator) {
            end_field(r, start);
            start = r->size;
        } else {
            put(r, c);
        }
    }
    end_field(r, start);
}

typedef enum { FIELD_ENDS, RECORD_ENDS, QUOTE_OPEN } FieldEnd;

/* Ends of a field outside of quotes; the line end is consumed. */
static bool at_end(RdReader *r, int c) {
    if (c == '\r' && (peek(r) == '\n' || peek(r) == EOF)) return next(r), true;
    return c == ',' || c == '\n' || c == EOF;
}

static FieldEnd read_unquoted(RdReader *r) {
    int c;
    while (c = next(r), !at_end(r, c)) put(r, c);
    return c == ',' ? FIELD_ENDS : RECORD_ENDS;
}

/* field = '"' { any character | '""' } '"'; its first quote has been read. */
static FieldEnd read_quoted(RdReader *r, bool *text_after) {
    for (;;) {
        int c = next(r);
        if (c == EOF) return QUOTE_OPEN;
        if (c == '"' && peek(r) != '"') break;
        if (c == '"') next(r);
        put(r, c);
    }
    size_t end = r->size;
    FieldEnd result = read_unquoted(r);
    *text_after |= r->size > end;
    return result;
}

static RdReadStatus read_csv(RdReader *r, RdError *error) {
    int line = r->line;
    bool text_after = false;
    FieldEnd end;
    do {
        size_t start = r->size;
        int quote_line = r->line;
        bool quoted = peek(r) == '"';
        if (quoted) next(r);
        end = quoted ? read_quoted(r, &text_after) : read_unquoted(r);
        if (end == QUOTE_OPEN && r->failed) return RD_READ_ERROR;
        if (end == QUOTE_OPEN) {
            rd_fail(error, "%s:%d: the quote that opens here is never closed", r->name, quote_line);
            return RD_READ_ERROR;
        }
        end_field(r, start);
    } while (end == FIELD_ENDS);
    if (!text_after) return RD_RECORD;
    rd_fail(error,
            "%s:%d: text follows a closing quote; expected a comma or the line's end"
            " (a quote inside quotes is written twice)",
            r->name, line);
    return RD_BAD_RECORD;
}

/* Records are text: UTF-8 without NUL. */
static bool check_text(RdReader *r, int line, RdError *error) {
    size_t before = 0;
    for (int f = 0; f < r->count; f++) {
        const char *field = r->field[f];
        size_t n = r->length[f], valid = rd_utf8_valid(field, n);
        if (strlen(field) < n)
            return rd_fail(error, "%s:%d: contains a NUL byte (byte %zu); expected text", r->name,
                           line, before + strlen(field) + 1);
        if (valid < n)
            return rd_fail(error, "%s:%d: byte %zu (0x%02X) is not valid UTF-8", r->name, line,
                           before + valid + 1, (unsigned char)field[valid]);
        before += n + 1;
    }
    return true;
}

static void point_to_fields(RdReader *r) {
    r->field = rd_grow(r->field, &r->field_capacity, (size_t)r->count, sizeof *r->field);
    char *at = r->text;
    for (int f = 0; f < r->count; f++) {
        r->field[f] = at;
        at += r->length[f] + 1;
    }
}

static RdReadStatus read_record(RdReader *r, RdError *error) {
    r->size = 0;
    r->count = 0;
    if (r->format == RD_FORMAT_CSV) return read_csv(r, error);
    read_plain(r, r->format == RD_FORMAT_TSV ? '\t' : EOF);
    return RD_RECORD;
}

static bool empty_line(const RdReader *r) {
    bool fields = r->format == RD_FORMAT_TSV || r->format == RD_FORMAT_CSV;
    return fields && r->count == 1 && r->length[0] == 0;
}

RdReadStatus rd_reader_next(RdReader *r, RdRecord *record, RdError *error) {
    if (r->sides) return next_of_all(r, record, error);
    RdReadStatus status = RD_END;
    int line = r->line;
    while (peek(r) != EOF) {
        line = r->line;
        status = read_record(r, error);
        if (r->failed || status != RD_RECORD || !empty_line(r)) break;
        status = RD_END;
    }
    if (r->failed) {
        if (error) *error = r->failure;
        return RD_READ_ERROR;
    }
    if (status != RD_RECORD) return status;
    point_to_fields(r);
    if (!check_text(r, line, error)) return RD_BAD_RECORD;
    *record = (RdRecord){.line = line, .count = r->count, .field = r->field, .length = r->length};
    return RD_RECORD;
}
