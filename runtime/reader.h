/* Records of fields from a file: TSV, CSV with RFC 4180's quotes, or a line a record. Reads gzip
 * as it is, "-" as the standard input, skips a byte order mark, takes LF and CRLF. */
#ifndef RONDO_READER_H
#define RONDO_READER_H

#include <stddef.h>

#include "status.h"

typedef enum {
    RD_FORMAT_AUTO, /* by the name (.csv, .tsv, .conllu, .conll, .bio, .iob, .iob2, before .gz too)
                     * else by line 1: TSV if it has a tab; of words, CONLLU if it is a comment */
    RD_FORMAT_TSV,  /* no quotes: every byte but tab and newline is text */
    RD_FORMAT_CSV,
    RD_FORMAT_LINES,  /* one field: the line */
    RD_FORMAT_CONLL,  /* the same, for conll.h: a word a line */
    RD_FORMAT_CONLLU, /* the same */
} RdFormat;

typedef struct RdReader RdReader;

/* A record. Its strings are NUL-terminated and valid until the next one is read. */
typedef struct {
    int line; /* of its first character; counts from 1 */
    int count;
    char **field;
    const size_t *length; /* bytes of each field */
    const int *word_line; /* conll.h: the line of each word; else NULL */
} RdRecord;

typedef enum {
    RD_RECORD,
    RD_END,
    RD_BAD_RECORD, /* the error says why; reading can go on with the next record */
    RD_READ_ERROR, /* nothing more can be read */
} RdReadStatus;

/* Opens a file, or several side by side: "a.de,b.en" (when no file is called so) has records of a
 * line of each, and as many as each file has lines. `fallback` (not AUTO) is used when the name and
 * line 1 say nothing; when it is CONLL, line 1 is one of words. Messages begin with the path
 * ("standard input" for "-"). Freed with rd_reader_close. */
RdReader *rd_reader_open(const char *path, RdFormat format, RdFormat fallback, RdError *error);

/* The format that the name of a file says, or AUTO. */
RdFormat rd_named_format(const char *name);

/* The next record that is not an empty line (in LINES and CONLL an empty line is an empty
 * field). Messages
 * begin with "path:line: ". Every field is valid UTF-8 without NUL. */
RdReadStatus rd_reader_next(RdReader *reader, RdRecord *record, RdError *error);

/* What the file turned out to be. */
RdFormat rd_reader_format(const RdReader *reader);

/* How the path is called in messages. */
const char *rd_reader_name(const RdReader *reader);

/* Does nothing for NULL. */
void rd_reader_close(RdReader *reader);

#endif
