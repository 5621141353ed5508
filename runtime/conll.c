#include "conll.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

enum { CONLLU_COLUMNS = 10, ID = 0 };

static const char *const conllu_names[CONLLU_COLUMNS] = {"ID",    "FORM", "LEMMA",  "UPOS", "XPOS",
                                                         "FEATS", "HEAD", "DEPREL", "DEPS", "MISC"};

/* The words of one column, joined by newlines. */
typedef struct {
    char *text;
    size_t size, capacity;
} Words;

struct RdConll {
    RdReader *reader;
    bool universal; /* CONLLU */
    int columns;    /* of every line; 0: not known yet */
    int first_line; /* where they were seen first */
    Words *words;   /* [columns] */
    char **field;   /* [columns] */
    size_t *length; /* [columns] */
    int count;      /* words of the sentence */
    int *line;      /* [count] */
    size_t line_capacity;
    char **piece; /* the columns of a line, which is cut in place */
    int pieces;
    size_t piece_capacity;
};

RdConll *rd_conll_new(RdReader *reader) {
    RdConll *c = rd_zeros(1, sizeof *c);
    c->reader = reader;
    c->universal = rd_reader_format(reader) == RD_FORMAT_CONLLU;
    return c;
}

void rd_conll_free(RdConll *c) {
    if (!c) return;
    for (int i = 0; i < c->columns; i++) free(c->words[i].text);
    free(c->words);
    free(c->field);
    free(c->length);
    free(c->line);
    free(c->piece);
    free(c);
}

/* ---- a line ---- */

/* Cuts a line into its columns: at each tab, or, where blanks may part them, at stretches of them.
 */
static void cut(RdConll *c, char *line) {
    bool tabs = c->universal || strchr(line, '\t');
    c->pieces = 0;
    if (!tabs) line += strspn(line, " ");
    for (char *at = line; at && (tabs || *at);) {
        c->piece = rd_grow(c->piece, &c->piece_capacity, (size_t)c->pieces + 1, sizeof(char *));
        c->piece[c->pieces++] = at;
        at = strpbrk(at, tabs ? "\t" : " ");
        if (!at) break;
        *at++ = '\0';
        if (!tabs) at += strspn(at, " ");
    }
}

static bool wrong(const RdConll *c, int line, RdError *error, const char *what) {
    return rd_fail(error, "%s:%d: %s", rd_reader_name(c->reader), line, what);
}

static void set_columns(RdConll *c, int columns, int line) {
    c->columns = columns;
    c->first_line = line;
    c->words = rd_zeros((size_t)columns, sizeof *c->words);
    c->field = rd_zeros((size_t)columns, sizeof *c->field);
    c->length = rd_zeros((size_t)columns, sizeof *c->length);
}

static bool check_columns(RdConll *c, int line, RdError *error) {
    const char *name = rd_reader_name(c->reader), *s = c->pieces == 1 ? "" : "s";
    if (c->universal && c->pieces != CONLLU_COLUMNS)
        return rd_fail(error, "%s:%d: %d column%s; expected the 10 of CoNLL-U, parted by tabs",
                       name, line, c->pieces, s);
    if (c->columns == 0) set_columns(c, c->pieces, line);
    if (c->pieces != c->columns)
        return rd_fail(error, "%s:%d: %d column%s; expected %d as in line %d", name, line,
                       c->pieces, s, c->columns, c->first_line);
    for (int i = 0; i < c->pieces; i++)
        if (!c->piece[i][0])
            return rd_fail(error, "%s:%d: column %d is empty; expected something, or _", name, line,
                           i + 1);
    return true;
}

typedef enum { A_WORD, LEFT_OUT, NOT_AN_ID } IdKind;

static const char *digits(const char *text) { return text + strspn(text, "0123456789"); }

/* id = number | number "-" number | number "." number */
static IdKind id_kind(const char *id) {
    const char *end = digits(id);
    if (end == id) return NOT_AN_ID;
    if (!*end) return A_WORD;
    const char *second = end + 1;
    bool two = (*end == '-' || *end == '.') && digits(second) > second && !*digits(second);
    return two ? LEFT_OUT : NOT_AN_ID;
}

static bool check_id(const RdConll *c, int line, RdError *error) {
    const char *id = c->piece[ID], *name = rd_reader_name(c->reader);
    IdKind kind = id_kind(id);
    if (kind == LEFT_OUT) return true;
    if (kind == A_WORD && strtol(id, NULL, 10) == c->count + 1) return true;
    return rd_fail(error, "%s:%d: the ID is '%.20s'; expected %d, a range such as %d-%d or %d.1",
                   name, line, id, c->count + 1, c->count + 1, c->count + 2, c->count);
}

static void add(Words *words, const char *word, bool first) {
    size_t n = strlen(word), need = words->size + n + 2;
    words->text = rd_grow(words->text, &words->capacity, need, 1);
    if (!first) words->text[words->size++] = '\n';
    memcpy(words->text + words->size, word, n + 1);
    words->size += n;
}

static void take_word(RdConll *c, int line) {
    for (int i = 0; i < c->columns; i++) add(&c->words[i], c->piece[i], c->count == 0);
    c->line = rd_grow(c->line, &c->line_capacity, (size_t)c->count + 1, sizeof *c->line);
    c->line[c->count++] = line;
}

static bool take_line(RdConll *c, const RdRecord *record, RdError *error) {
    char *text = record->field[0];
    if (c->universal && text[0] == '#')
        return c->count == 0 ||
               wrong(c, record->line, error,
                     "a comment among the words of a sentence; expected it before them");
    cut(c, text);
    if (!check_columns(c, record->line, error)) return false;
    if (!c->universal) return take_word(c, record->line), true;
    if (!check_id(c, record->line, error)) return false;
    if (id_kind(c->piece[ID]) == A_WORD) take_word(c, record->line);
    return true;
}

/* ---- a sentence ---- */

static bool blank(const char *text) { return text[strspn(text, " \t")] == '\0'; }

/* Reads on behind a bad line, to the end of its sentence. */
static RdReadStatus skip_sentence(RdConll *c, RdError *error) {
    RdRecord record;
    RdError ignored;
    for (;;) {
        RdReadStatus status = rd_reader_next(c->reader, &record, &ignored);
        if (status == RD_READ_ERROR) *error = ignored;
        if (status == RD_READ_ERROR) return status;
        if (status == RD_END || (status == RD_RECORD && blank(record.field[0])))
            return RD_BAD_RECORD;
    }
}

static bool document_start(const RdConll *c) {
    return !c->universal && c->count == 1 && strcmp(c->words[0].text, "-DOCSTART-") == 0;
}

static void give(RdConll *c, RdRecord *sentence) {
    for (int i = 0; i < c->columns; i++) {
        c->field[i] = c->words[i].text;
        c->length[i] = c->words[i].size;
    }
    *sentence = (RdRecord){.line = c->line[0],
                           .count = c->columns,
                           .field = c->field,
                           .length = c->length,
                           .word_line = c->line};
}

static void begin(RdConll *c) {
    c->count = 0;
    for (int i = 0; i < c->columns; i++) c->words[i].size = 0;
}

RdReadStatus rd_conll_next(RdConll *c, RdRecord *sentence, RdError *error) {
    begin(c);
    for (;;) {
        RdRecord record;
        RdReadStatus status = rd_reader_next(c->reader, &record, error);
        if (status == RD_READ_ERROR) return status;
        if (status == RD_BAD_RECORD) return skip_sentence(c, error);
        bool ends = status == RD_END || blank(record.field[0]);
        if (ends && c->count > 0 && !document_start(c)) return give(c, sentence), RD_RECORD;
        if (ends) begin(c);
        if (status == RD_END) return status;
        if (!ends && !take_line(c, &record, error)) return skip_sentence(c, error);
    }
}

/* ---- columns by name ---- */

int rd_conll_column(RdFormat format, int columns, const char *name) {
    for (int i = 0; format == RD_FORMAT_CONLLU && i < CONLLU_COLUMNS; i++)
        if (strcasecmp(name, conllu_names[i]) == 0) return i;
    if (!*name || *digits(name) || strlen(name) > 6) return -1;
    int number = atoi(name);
    return number >= 1 && number <= columns ? number - 1 : -1;
}
