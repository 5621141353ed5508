#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "ngram.h"
#include "program.h"
#include "status.h"
#include "threads.h"

/* ---- the verbs ---- */

typedef struct {
    const char *name, *arguments, *summary, *more;
    bool takes_texts;
    bool needs_none;                   /* … but can do without */
    bool (*can)(const RdModel *model); /* whether it is of use; NULL: for each model */
} VerbInfo;

static const VerbInfo verbs[RD_VERB_COUNT] = {
    [RD_VERB_TRAIN] = {"train", "--train FILE --model FILE", "train on examples and save the model",
                       "With --valid the model of the best epoch is kept, otherwise the last one.\n"
                       "Ctrl-C saves what was reached; --resume goes on from there.\n",
                       .takes_texts = false},
    [RD_VERB_EVAL] = {"eval", "--model FILE --data FILE", "measure a model on examples", "",
                      .takes_texts = false},
    [RD_VERB_PREDICT] = {"predict", "--model FILE TEXT|FILE|-…", "answer for each text",
                         "A FILE that exists, or - for standard input, holds one text a line.\n"
                         "Prints the answer, its probability and the text, separated by tabs.\n",
                         .takes_texts = true},
    [RD_VERB_EXPLAIN] = {"explain", "--model FILE TEXT|FILE|-…",
                         "answer, and show the weight of each word",
                         "A FILE that exists, or - for standard input, holds one text a line.\n",
                         .takes_texts = true},
    [RD_VERB_GENERATE] = {"generate", "--model FILE [TEXT|FILE|-…]", "write texts",
                          "Of a model with inputs a line for each text, as predict reads them. The "
                          "best token follows at\neach step; with --temperature, --top-k, --top-p "
                          "or --seed one is drawn.\n",
                          .takes_texts = true, .needs_none = true, .can = rd_generates},
    [RD_VERB_STREAM] = {"stream", "--model FILE",
                        "answer each word or frame of standard input at once",
                        "An empty line ends a sequence. A line has tokens, or the numbers of a "
                        "frame.\n",
                        .can = rd_streams},
    [RD_VERB_INFO] = {"info", "[--model FILE]", "describe the program, or a saved model", "",
                      .takes_texts = false},
    [RD_VERB_GRADCHECK] = {"gradcheck", "", "compare the gradients with finite differences",
                           "Without --data it runs on sentences made up for the purpose.\n",
                           .takes_texts = false},
    [RD_VERB_IMPORT] = {"import", "--weights FILE --model FILE",
                        "make a model file of weights from elsewhere",
                        "Tensors are taken by their names, which are those that info lists.\n",
                        .takes_texts = false},
    [RD_VERB_BENCH] = {"bench", "", "measure the speed of training and prediction",
                       "Runs on examples made up for the purpose; saves nothing.\n",
                       .takes_texts = false},
};

/* ---- the options ---- */

typedef enum { FLAG, TEXT, TEXTS, WORDS, COUNT, REAL, AMOUNT, SEED } OptionKind;

enum {
    T = 1 << RD_VERB_TRAIN,
    E = 1 << RD_VERB_EVAL,
    P = 1 << RD_VERB_PREDICT,
    X = 1 << RD_VERB_EXPLAIN,
    I = 1 << RD_VERB_INFO,
    G = 1 << RD_VERB_GRADCHECK,
    B = 1 << RD_VERB_BENCH,
    M = 1 << RD_VERB_IMPORT,
    W = 1 << RD_VERB_GENERATE,
    S = 1 << RD_VERB_STREAM,
};

typedef struct {
    const char *name, *value; /* value: how the help names it */
    OptionKind kind;
    size_t field;        /* its place in RdOptions */
    int allowed, needed; /* sets of verbs */
    long most;           /* of a COUNT, which starts at 1 */
    const char *help;
} OptionInfo;

#define FIELD(name) offsetof(RdOptions, name)

/* clang-format off */
static const OptionInfo infos[RD_OPTION_COUNT] = {
/*                       name         value     kind   field            allowed    needed   most     help */
[RD_OPTION_TRAIN]    = {"train",     "FILE",   TEXT,  FIELD(train),     T|E,       T,       0,       "examples to learn from: .tsv or .csv, also .gz"},
[RD_OPTION_VALID]    = {"valid",     "FILE",   TEXT,  FIELD(valid),     T,         0,       0,       "examples to choose the best epoch by"},
[RD_OPTION_DATA]     = {"data",      "FILE",   TEXT,  FIELD(data),      E|G,       E,       0,       "examples: .tsv or .csv, also .gz, or - for standard input"},
[RD_OPTION_MODEL]    = {"model",     "FILE",   TEXT,  FIELD(model),     T|E|P|X|I|M|W|S, T|E|P|X|M|W|S, 0,   "the trained model, a .safetensors file"},
[RD_OPTION_WEIGHTS]  = {"weights",   "FILE",   TEXT,  FIELD(weights),   M,         M,       0,       "the weights, a plain .safetensors file"},
[RD_OPTION_VOCAB]    = {"vocab",     "[COLUMN=]FILE", TEXTS, FIELD(vocab), M,      0,       0,       "the words of a column, one a line, in the order of their rows"},
[RD_OPTION_VECTORS]  = {"vectors",   "FILE",   TEXT,  FIELD(vectors),   T,         0,       0,       "word vectors to start from, as GloVe and word2vec write them"},
[RD_OPTION_EPOCHS]   = {"epochs",    "N",      COUNT, FIELD(epochs),    T,         0,       1000000, "times through the examples, at most"},
[RD_OPTION_BATCH]    = {"batch",     "N",      COUNT, FIELD(batch),     T|E|P|X|B|W, 0,       1000000, "examples a step"},
[RD_OPTION_RATE]     = {"rate",      "X",      REAL,  FIELD(rate),      T,         0,       0,       "learning rate"},
[RD_OPTION_NGRAM]    = {"ngram",     "N",      COUNT, FIELD(ngram),     E,         0,       RD_MAX_NGRAM, "compare with n-grams of the text in --train"},
[RD_OPTION_ADD_K]    = {"add-k",     "X",      REAL,  FIELD(add_k),     E,         0,       0,       "smooth their counts by adding this, not by Kneser-Ney"},
[RD_OPTION_EXAMPLES] = {"examples",  "N",      COUNT, FIELD(examples),  G,         0,       1000,    "examples to check on"},
[RD_OPTION_LENGTH]   = {"length",    "N",      COUNT, FIELD(length),    B,         0,       1000000, "steps of the longest example"},
[RD_OPTION_SHORTEST] = {"shortest",  "N",      COUNT, FIELD(shortest),  B,         0,       1000000, "steps of the shortest one; all have --length without it"},
[RD_OPTION_WORDS]    = {"words",     "N",      COUNT, FIELD(words),     B,         0,       10000000, "words of each vocabulary"},
[RD_OPTION_REPEAT]   = {"repeat",    "N",      COUNT, FIELD(repeat),    B,         0,       1000000, "how often each is measured"},
[RD_OPTION_PROMPT]   = {"prompt",    "TEXT",   WORDS, FIELD(prompt),    W,         0,       0,       "what the text begins with"},
[RD_OPTION_LIMIT]    = {"length",    "N",      COUNT, FIELD(limit),     W,         0,       1000000, "tokens at most; without it those of the longest text, or 200"},
[RD_OPTION_TEMPERATURE] = {"temperature", "X", REAL,  FIELD(temperature), W,       0,       0,       "divides the logits before a token is drawn"},
[RD_OPTION_TOP_K]    = {"top-k",     "N",      COUNT, FIELD(top_k),     W,         0,       10000000, "draw among the N most probable tokens; without it among all"},
[RD_OPTION_TOP_P]    = {"top-p",     "X",      REAL,  FIELD(top_p),     W,         0,       0,       "draw among the fewest tokens that have the probability X together"},
[RD_OPTION_BEAM]     = {"beam",      "N",      COUNT, FIELD(beam),      W|P|X|E,     0,       1000,    "hypotheses side by side, where texts are generated"},
[RD_OPTION_LENGTH_PENALTY] = {"length-penalty", "X", AMOUNT, FIELD(length_penalty), W|P|X|E, 0, 0,       "a hypothesis' score is its log-probability over its length to the power X"},
[RD_OPTION_SEED]     = {"seed",      "N",      SEED,  FIELD(seed),      T|G|B|W,     0,       0,       "where the random numbers start"},
[RD_OPTION_THREADS]  = {"threads",   "N",      COUNT, FIELD(threads),   T|E|P|X|G|B|W, 0,     RD_MAX_THREADS, "changes the speed only, never a result"},
[RD_OPTION_LOG]      = {"log",       "FILE",   TEXT,  FIELD(log),       T,         0,       0,       "write progress there, one JSON object a line"},
[RD_OPTION_GRADIENT_FLOW] = {"gradient-flow", "FILE", TEXT, FIELD(gradient_flow), T, 0,  0,       "write how large the gradient of each state is: .csv or .svg"},
[RD_OPTION_JSON]     = {"json",      NULL,     FLAG,  FIELD(json),      T|E|P|X|I|G|B|W, 0,   0,       "print JSON"},
[RD_OPTION_SKIP_BAD] = {"skip-bad",  NULL,     FLAG,  FIELD(skip_bad),  T|E|P|X|W, 0,       0,       "leave out lines that cannot be used, and count them"},
[RD_OPTION_RESUME]   = {"resume",    NULL,     FLAG,  FIELD(resume),    T,         0,       0,       "go on with the training that --model holds"},
[RD_OPTION_QUIET]    = {"quiet",     NULL,     FLAG,  FIELD(quiet),     T,         0,       0,       "print nothing but errors"},
};
/* clang-format on */

static void set_defaults(RdOptions *options, const RdModel *model) {
    *options = (RdOptions){.epochs = model->training.epochs,
                           .batch = model->training.batch,
                           .rate = model->training.rate,
                           .examples = 4,
                           .length = 50,
                           .words = 10000,
                           .repeat = 20,
                           .temperature = 1,
                           .top_p = 1,
                           .beam = 1,
                           .length_penalty = 1,
                           .seed = 1,
                           .threads = rd_available_cores()};
}

/* ---- messages ---- */

const char *rd_program_name(void) { return program_invocation_short_name; }

/* One line on standard error; returns the exit status. */
__attribute__((format(printf, 1, 2))) static int wrong(const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s: ", rd_program_name());
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    return RD_EXIT_USAGE;
}

static int finish_output(void) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return RD_EXIT_OK;
    fprintf(stderr, "%s: standard output: %s\n", rd_program_name(), strerror(errno));
    return RD_EXIT_FAILED;
}

static void print_default(const RdOptions *defaults, const OptionInfo *info) {
    const char *field = (const char *)defaults + info->field;
    int count = info->kind == COUNT ? *(const int *)(const void *)field : 0;
    double real_value =
        info->kind == REAL || info->kind == AMOUNT ? *(const double *)(const void *)field : 0;
    if (count) printf(" [%d]", count);
    if (real_value > 0) printf(" [%g]", real_value);
    if (info->kind == SEED) printf(" [%llu]", (unsigned long long)defaults->seed);
}

/* How wide the options of a verb are, with their values but without dashes and blank. */
static int options_width(RdVerb verb) {
    int widest = 0;
    for (int i = 0; i < RD_OPTION_COUNT; i++) {
        if (!(infos[i].allowed & 1 << verb)) continue;
        size_t width = strlen(infos[i].name) + (infos[i].value ? strlen(infos[i].value) : 0);
        if ((int)width > widest) widest = (int)width;
    }
    return widest;
}

static int verb_help(const RdOptions *defaults, RdVerb verb) {
    const VerbInfo *info = &verbs[verb];
    int width = options_width(verb);
    printf("Usage: %s %s %s%s[OPTION…]\n\n%c%s.\n%s\nOptions:\n", rd_program_name(), info->name,
           info->arguments, *info->arguments ? " " : "", info->summary[0] - 'a' + 'A',
           info->summary + 1, info->more);
    for (int i = 0; i < RD_OPTION_COUNT; i++) {
        if (!(infos[i].allowed & 1 << verb)) continue;
        const char *value = infos[i].value ? infos[i].value : "";
        int space = width - (int)strlen(infos[i].name) - (int)strlen(value);
        printf("  --%s %s%*s  %s", infos[i].name, value, space, "", infos[i].help);
        print_default(defaults, &infos[i]);
        puts(infos[i].needed & 1 << verb ? " (needed)" : "");
    }
    printf("  %-*s  %s\n", width + 3, "--help", "print this");
    return finish_output();
}

static int program_help(const RdModel *model) {
    const char *name = rd_program_name();
    printf("Usage: %s VERB [OPTION…]\n\nTrains, evaluates and runs the model `%s`.\n\nVerbs:\n",
           name, model->name);
    for (int i = 0; i < RD_VERB_COUNT; i++)
        if (!verbs[i].can || verbs[i].can(model))
            printf("  %-11s%s\n", verbs[i].name, verbs[i].summary);
    printf("\n%s VERB --help lists the options of a verb; %s --version prints the version.\n", name,
           name);
    return finish_output();
}

static int program_version(const RdModel *model) {
    printf("%s (model %s, made by Rondo " RONDO_VERSION ")\n", rd_program_name(), model->name);
    return finish_output();
}

/* ---- parsing ---- */

static int unknown_verb(const char *given) {
    const char *names[RD_VERB_COUNT];
    for (int i = 0; i < RD_VERB_COUNT; i++) names[i] = verbs[i].name;
    const char *nearest = rd_nearest(given, names, RD_VERB_COUNT);
    if (nearest) return wrong("unknown verb '%s'; did you mean '%s'?", given, nearest);
    return wrong("unknown verb '%s'; %s --help lists the verbs", given, rd_program_name());
}

static int unknown_option(const char *given, RdVerb verb) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    for (int i = 0; i < RD_OPTION_COUNT; i++) {
        if (strncmp(name, "--", 2) || strcmp(name + 2, infos[i].name)) continue;
        return wrong("%s does not take %s; %s %s --help lists its options", verbs[verb].name, name,
                     rd_program_name(), verbs[verb].name);
    }
    const char *names[RD_OPTION_COUNT + 1] = {"help"};
    int count = 1;
    for (int i = 0; i < RD_OPTION_COUNT; i++)
        if (infos[i].allowed & 1 << verb) names[count++] = infos[i].name;
    const char *nearest = rd_nearest(name + strspn(name, "-"), names, count);
    if (nearest) return wrong("unknown option %s; did you mean --%s?", name, nearest);
    return wrong("unknown option %s; %s %s --help lists the options", name, rd_program_name(),
                 verbs[verb].name);
}

static bool parse_count(const char *text, long most, int *count) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    *count = (int)value;
    return !errno && end != text && !*end && value >= 1 && value <= most;
}

static bool parse_seed(const char *text, uint64_t *seed) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *seed = value;
    return !errno && text[strspn(text, " ")] != '-' && end != text && !*end;
}

static bool parse_real(const char *text, double *real_value) {
    char *end;
    *real_value = strtod(text, &end);
    return end != text && !*end && *real_value > 0 && isfinite(*real_value);
}

/* Stores the value of an option; RD_CLI_RUN when it is fine. */
static int set_option(RdOptions *options, RdOptionId id, char *value) {
    const OptionInfo *info = &infos[id];
    void *field = (char *)options + info->field;
    options->given[id] = true;
    switch (info->kind) {
        case FLAG:
            *(bool *)field = true;
            return RD_CLI_RUN;
        case TEXT:
            *(const char **)field = value;
            if (*value) return RD_CLI_RUN;
            return wrong("--%s: the name of a file is empty", info->name);
        case TEXTS: {
            RdTexts *texts = field;
            if (!*value) return wrong("--%s: the name of a file is empty", info->name);
            if (texts->count == RD_MAX_COLUMNS)
                return wrong("--%s: given more than %d times", info->name, RD_MAX_COLUMNS);
            texts->at[texts->count++] = value;
            return RD_CLI_RUN;
        }
        case WORDS:
            *(const char **)field = value;
            return RD_CLI_RUN;
        case COUNT:
            if (parse_count(value, info->most, field)) return RD_CLI_RUN;
            return wrong("--%s %s: must be a whole number from 1 to %ld", info->name, value,
                         info->most);
        case REAL:
            if (parse_real(value, field)) return RD_CLI_RUN;
            return wrong("--%s %s: must be a number above zero", info->name, value);
        case AMOUNT:
            if (parse_real(value, field)) return RD_CLI_RUN;
            if (*(double *)field == 0 && *value >= '0' && *value <= '9') return RD_CLI_RUN;
            return wrong("--%s %s: must be a number, at least zero", info->name, value);
        case SEED:
            if (parse_seed(value, field)) return RD_CLI_RUN;
            return wrong("--%s %s: must be a whole number from 0 to 18446744073709551615",
                         info->name, value);
    }
    return RD_CLI_RUN;
}

enum { CODE_HELP = 256, CODE_OPTION };

/* The options of a verb for getopt_long; value CODE_OPTION + id. */
static void long_options(struct option *list, RdVerb verb) {
    *list++ = (struct option){"help", no_argument, NULL, CODE_HELP};
    for (int i = 0; i < RD_OPTION_COUNT; i++) {
        if (!(infos[i].allowed & 1 << verb)) continue;
        int argument = infos[i].kind == FLAG ? no_argument : required_argument;
        *list++ = (struct option){infos[i].name, argument, NULL, CODE_OPTION + i};
    }
    *list = (struct option){0};
}

/* Why getopt_long did not take the argument before `optind`. */
static int rejected(RdVerb verb, const char *argument) {
    if (optopt == CODE_HELP) return wrong("--help takes no value");
    if (optopt >= CODE_OPTION)
        return wrong("--%s takes no value", infos[optopt - CODE_OPTION].name);
    return unknown_option(argument, verb);
}

static int check(const RdOptions *options) {
    const VerbInfo *verb = &verbs[options->verb];
    for (int i = 0; i < RD_OPTION_COUNT; i++)
        if (infos[i].needed & 1 << options->verb && !options->given[i])
            return wrong("%s needs --%s %s; %s %s --help shows the usage", verb->name,
                         infos[i].name, infos[i].value, rd_program_name(), verb->name);
    if (!verb->takes_texts && options->text_count)
        return wrong("%s does not take '%s'; %s %s --help shows the usage", verb->name,
                     options->texts[0], rd_program_name(), verb->name);
    if (verb->takes_texts && !verb->needs_none && !options->text_count)
        return wrong("%s needs a text, a file with a text a line, or - for standard input",
                     verb->name);
    if (options->verb == RD_VERB_EVAL && options->given[RD_OPTION_NGRAM] != !!options->train)
        return wrong(
            "eval needs --ngram N and --train FILE together: the n-grams are counted in it");
    if (options->given[RD_OPTION_ADD_K] && !options->given[RD_OPTION_NGRAM])
        return wrong("--add-k is for the counts of --ngram N");
    if (options->top_p > 1) return wrong("--top-p %g: is a probability, at most 1", options->top_p);
    if (options->beam > 1 && options->verb == RD_VERB_GENERATE &&
        (options->given[RD_OPTION_TEMPERATURE] || options->given[RD_OPTION_TOP_K] ||
         options->given[RD_OPTION_TOP_P] || options->given[RD_OPTION_SEED]))
        return wrong("--beam looks for the best text; it does not go with drawing tokens");
    if (options->shortest > options->length)
        return wrong("--shortest %d is longer than --length %d", options->shortest,
                     options->length);
    return RD_CLI_RUN;
}

static int parse_verb(RdOptions *options, int count, char **arguments) {
    const RdOptions defaults = *options;
    struct option list[RD_OPTION_COUNT + 2];
    long_options(list, options->verb);
    opterr = 0;
    optind = 1;
    for (int code; (code = getopt_long(count, arguments, ":h", list, NULL)) != -1;) {
        if (code == 'h' || code == CODE_HELP) return verb_help(&defaults, options->verb);
        if (code == ':') return wrong("%s needs a value", arguments[optind - 1]);
        if (code == '?') return rejected(options->verb, arguments[optind - 1]);
        int status = set_option(options, (RdOptionId)(code - CODE_OPTION), optarg);
        if (status != RD_CLI_RUN) return status;
    }
    options->texts = arguments + optind;
    options->text_count = count - optind;
    return check(options);
}

int rd_cli_parse(RdOptions *options, const RdModel *model, int count, char **arguments) {
    set_defaults(options, model);
    if (count < 2)
        return wrong("which verb? train, eval, predict, …: %s --help lists them",
                     rd_program_name());
    const char *verb = arguments[1];
    if (!strcmp(verb, "--help") || !strcmp(verb, "-h") || !strcmp(verb, "help"))
        return program_help(model);
    if (!strcmp(verb, "--version")) return program_version(model);
    for (int i = 0; i < RD_VERB_COUNT; i++) {
        if (strcmp(verb, verbs[i].name)) continue;
        options->verb = (RdVerb)i;
        if (verbs[i].can && !verbs[i].can(model))
            return wrong("the model '%s' cannot %s; %s --help lists the verbs", model->name, verb,
                         rd_program_name());
        return parse_verb(options, count - 1, arguments + 1);
    }
    if (verb[0] == '-')
        return wrong("the verb comes first: %s VERB [OPTION…]; %s --help lists the verbs",
                     rd_program_name(), rd_program_name());
    return unknown_verb(verb);
}
