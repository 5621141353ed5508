/* The command line: which verb, with which options. One table states every option; the parser and
 * the help texts read it. */
#ifndef RONDO_CLI_H
#define RONDO_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "rondo.h"

typedef enum {
    RD_VERB_TRAIN,
    RD_VERB_EVAL,
    RD_VERB_PREDICT,
    RD_VERB_EXPLAIN,
    RD_VERB_GENERATE,
    RD_VERB_STREAM,
    RD_VERB_INFO,
    RD_VERB_GRADCHECK,
    RD_VERB_BENCH,
    RD_VERB_IMPORT,
    RD_VERB_COUNT
} RdVerb;

typedef enum {
    RD_OPTION_TRAIN,
    RD_OPTION_VALID,
    RD_OPTION_DATA,
    RD_OPTION_MODEL,
    RD_OPTION_WEIGHTS,
    RD_OPTION_VOCAB,
    RD_OPTION_VECTORS,
    RD_OPTION_EPOCHS,
    RD_OPTION_BATCH,
    RD_OPTION_RATE,
    RD_OPTION_NGRAM,
    RD_OPTION_ADD_K,
    RD_OPTION_EXAMPLES,
    RD_OPTION_LENGTH,
    RD_OPTION_SHORTEST,
    RD_OPTION_WORDS,
    RD_OPTION_REPEAT,
    RD_OPTION_PROMPT,
    RD_OPTION_LIMIT,
    RD_OPTION_TEMPERATURE,
    RD_OPTION_TOP_K,
    RD_OPTION_TOP_P,
    RD_OPTION_BEAM,
    RD_OPTION_LENGTH_PENALTY,
    RD_OPTION_SEED,
    RD_OPTION_THREADS,
    RD_OPTION_LOG,
    RD_OPTION_GRADIENT_FLOW,
    RD_OPTION_JSON,
    RD_OPTION_SKIP_BAD,
    RD_OPTION_RESUME,
    RD_OPTION_QUIET,
    RD_OPTION_COUNT
} RdOptionId;

/* The values of an option that may be given several times. */
typedef struct {
    char *at[RD_MAX_COLUMNS];
    int count;
} RdTexts;

/* What the user asked for. Numbers that were not given are the model's own, or the default. */
typedef struct {
    RdVerb verb;
    const char *train, *valid, *data, *model, *weights, *vectors, *log,
        *gradient_flow; /* files; NULL when not given */
    RdTexts vocab;
    int epochs, batch, examples, threads;
    int length, shortest, words, repeat; /* of what bench makes up */
    int ngram;                           /* 0: not asked for */
    double add_k;                        /* 0: Kneser-Ney */
    const char *prompt;
    int limit, top_k, beam; /* of what generate writes */
    double temperature, top_p, length_penalty;
    double rate;
    uint64_t seed;
    bool json, skip_bad, resume, quiet;
    bool given[RD_OPTION_COUNT];
    char *const *texts; /* the arguments that are no options */
    int text_count;
} RdOptions;

enum { RD_CLI_RUN = -1, RD_EXIT_OK = 0, RD_EXIT_FAILED = 1, RD_EXIT_USAGE = 2 };

/* Reads the command line of a program made from `model`. Returns RD_CLI_RUN, or the exit status
 * when there is nothing to run: help was asked for and printed, or something is wrong with the
 * command line and one line on standard error says what. The options point into `arguments`. */
int rd_cli_parse(RdOptions *options, const RdModel *model, int count, char **arguments);

/* The program's name as the user called it, without folders. */
const char *rd_program_name(void);

#endif
