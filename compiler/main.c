/* The command line: rondo build · check · emit · fmt. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "emit/emit.h"
#include "pipeline.h"
#include "summary.h"

enum { FAILURE = 1, USAGE = 2 };

static const char help[] =
    "rondo compiles a description of a sequence model to one program that trains it,\n"
    "evaluates it and predicts with it.\n"
    "\n"
    "usage: rondo build FILE [-o NAME] [--cc=COMPILER] [--march=NAME] [--static]\n"
    "                        [--weights=bf16|int8] [--library] [--gradient-flow] [--report] "
    "[--keep]\n"
    "                        [--verbose]\n"
    "       rondo check FILE...\n"
    "       rondo emit --stage=ast|graph|gradient|step|packed|loops|products|c FILE\n"
    "       rondo fmt [--check | --write] FILE...\n"
    "\n"
    "A FILE of - is the standard input. Exit status: 0, 1 after errors, 2 for wrong usage.\n";

static int usage(const char *message, const char *what) {
    fprintf(stderr, "rondo: %s%s; rondo --help shows the usage\n", message, what);
    return USAGE;
}

/* Why getopt_long, told to be silent and to tell by ':', did not take an option. */
static int rejected(const char *command, char **argv, int code) {
    const char *given = argv[optind - 1];
    if (code == ':') return usage(given, " needs a value");
    fprintf(stderr, "rondo: '%s' does not take %s; rondo --help shows the usage\n", command, given);
    return USAGE;
}

static int cannot_read(const char *path) {
    fprintf(stderr, "rondo: %s: cannot read: %s\n", path, strerror(errno));
    return FAILURE;
}

/* Compiles up to `last`, prints the diagnostics; NULL when there are errors. */
static Compilation *run_with(Compilation *compile(Arena *, const Source *, StageName, FILE *),
                             Arena *arena, const char *path, StageName last, FILE *log,
                             int *status) {
    Source *source = ARENA_NEW(arena, Source);
    if (!read_source(arena, path, source)) {
        *status = cannot_read(path);
        return NULL;
    }
    Compilation *c = compile(arena, source, last, log);
    diag_print(c->diag, stderr, isatty(STDERR_FILENO) && !getenv("NO_COLOR"));
    *status = diag_errors(c->diag) ? FAILURE : 0;
    return *status ? NULL : c;
}

static Compilation *run(Arena *arena, const char *path, StageName last, FILE *log, int *status) {
    return run_with(compile, arena, path, last, log, status);
}

/* ---- build ---- */

static const char *base_name(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, ".rondo") == 0 ? arena_copy(arena, name, (size_t)(dot - name))
                                             : arena_printf(arena, "%s.out", name);
}

/* The name of a library, behind its folder; NULL when it is no word of C. */
static const char *function_name(const char *output) {
    static const char letters_and_digits[] =
        "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *digits = strchr(letters_and_digits, '0');
    const char *slash = strrchr(output, '/'), *name = slash ? slash + 1 : output;
    size_t length = strspn(name, letters_and_digits);
    bool word = length > 0 && length < 200 && !name[length] && !strchr(digits, *name);
    return word ? name : NULL;
}

/* The number of an RdPrecision, -1 for none. */
static int precision_named(const char *name) {
    static const char *const names[] = {"f32", "bf16", "int8"};
    for (int i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0) return i;
    return -1;
}

static int cmd_build(Arena *arena, int argc, char **argv) {
    static const struct option options[] = {{"output", required_argument, NULL, 'o'},
                                            {"cc", required_argument, NULL, 'c'},
                                            {"march", required_argument, NULL, 'm'},
                                            {"static", no_argument, NULL, 's'},
                                            {"keep", no_argument, NULL, 'k'},
                                            {"gradient-flow", no_argument, NULL, 'g'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {"report", no_argument, NULL, 'r'},
                                            {"library", no_argument, NULL, 'l'},
                                            {"weights", required_argument, NULL, 'w'},
                                            {0}};
    BuildOptions build = {.march = "native"};
    bool flow = false, kernels = false, library = false;
    int option, status;
    while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1) switch (option) {
            case 'o':
                build.output = optarg;
                break;
            case 'c':
                build.cc = optarg;
                break;
            case 'm':
                build.march = optarg;
                break;
            case 's':
                build.static_link = true;
                break;
            case 'k':
                build.keep = true;
                break;
            case 'g':
                flow = true;
                break;
            case 'r':
                kernels = true;
                break;
            case 'l':
                library = true;
                break;
            case 'v':
                build.verbose = true;
                break;
            case 'w':
                build.precision = precision_named(optarg);
                if (build.precision < 0)
                    return usage("--weights is f32, bf16 or int8, not ", optarg);
                break;
            default:
                return rejected("build", argv, option);
        }
    if (optind + 1 != argc) return usage("'build' takes one FILE", "");
    Compilation *c = run_with(flow ? compile_with_flow : compile, arena, argv[optind], STAGE_C,
                              build.verbose ? stderr : NULL, &status);
    if (!c) return status;
    if (!build.output) build.output = base_name(arena, argv[optind]);
    if (library && !(build.prefix = function_name(build.output)))
        return usage("functions cannot begin with the name of the library: ", build.output);
    if (library) build.about = library_about(c, build.prefix);
    if (!build_binary(c->c, &build)) return FAILURE;
    print_summary(c, build.output, build.precision);
    if (kernels)
        printf("\n%s\n%s", print_costs(c->infer, build.precision), print_costs(c->train, 0));
    return 0;
}

/* ---- check, emit, fmt ---- */

static int cmd_check(Arena *arena, int argc, char **argv) {
    int worst = 0, status;
    int option = getopt_long(argc, argv, ":", (struct option[]){{0}}, NULL);
    if (option != -1) return rejected("check", argv, option);
    if (optind == argc) return usage("'check' takes a FILE", "");
    for (; optind < argc; optind++) {
        run(arena, argv[optind], STAGE_LOOPS, NULL, &status);
        if (status > worst) worst = status;
    }
    return worst;
}

static int cmd_emit(Arena *arena, int argc, char **argv) {
    enum { STAGES = STAGE_C + 1 };
    static const char *const names[STAGES] = {"ast",    "graph", "gradient", "step",
                                              "packed", "loops", "products", "c"};
    static const struct option options[] = {{"stage", required_argument, NULL, 's'}, {0}};
    int option, stage = STAGE_C, status;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option != 's') return rejected("emit", argv, option);
        for (stage = 0; stage < STAGES && strcmp(names[stage], optarg) != 0;) stage++;
        if (stage == STAGES)
            return usage("the stages are ast graph gradient step packed loops products c, not ",
                         optarg);
    }
    if (optind + 1 != argc) return usage("'emit' takes one FILE", "");
    Compilation *c = run(arena, argv[optind], (StageName)stage, NULL, &status);
    if (!c) return status;
    fputs(stage_text(c, (StageName)stage), stdout);
    return 0;
}

static int write_back(const char *path, const char *text) {
    char partial[4096];
    snprintf(partial, sizeof partial, "%s.partial", path);
    FILE *file = fopen(partial, "wb");
    bool good = file && fputs(text, file) >= 0;
    if (file && fclose(file) != 0) good = false;
    if (good && rename(partial, path) == 0) return 0;
    fprintf(stderr, "rondo: %s: cannot write: %s\n", path, strerror(errno));
    if (file) unlink(partial);
    return FAILURE;
}

static int format_file(Arena *arena, const char *path, char mode) {
    int status;
    Compilation *c = run(arena, path, STAGE_AST, NULL, &status);
    if (!c) return status;
    const char *text = ast_format(arena, c->file);
    bool same = strcmp(text, c->file->source->text) == 0;
    if (mode == 'w') return same ? 0 : write_back(path, text);
    if (mode == 'c') {
        if (!same) printf("%s is not in canonical form\n", path);
        return same ? 0 : FAILURE;
    }
    fputs(text, stdout);
    return 0;
}

static int cmd_fmt(Arena *arena, int argc, char **argv) {
    static const struct option options[] = {
        {"write", no_argument, NULL, 'w'}, {"check", no_argument, NULL, 'c'}, {0}};
    int option, worst = 0;
    char mode = 'p';
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == '?') return rejected("fmt", argv, option);
        mode = (char)option;
    }
    if (optind == argc) return usage("'fmt' takes a FILE", "");
    for (; optind < argc; optind++) {
        int status = format_file(arena, argv[optind], mode);
        if (status > worst) worst = status;
    }
    return worst;
}

/* The status, unless what was printed got lost. */
static int finish(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "rondo: standard output: cannot write: %s\n", strerror(errno));
    return FAILURE;
}

static int print(const char *text) {
    fputs(text, stdout);
    return finish(0);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(Arena *, int, char **);
    } commands[] = {
        {"build", cmd_build}, {"check", cmd_check}, {"emit", cmd_emit}, {"fmt", cmd_fmt}};
    opterr = 0;
    if (argc < 2) return usage("a command is missing", "");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return print(help);
    if (strcmp(argv[1], "--version") == 0) return print("rondo " RONDO_VERSION "\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        if (argc > 2 && strcmp(argv[2], "--help") == 0) return print(help);
        Arena *arena = arena_new();
        int status = commands[i].run(arena, argc - 1, argv + 1);
        arena_free(arena);
        return finish(status);
    }
    const char *names[] = {"build", "check", "emit", "fmt"};
    const char *near = diag_nearest(argv[1], names, 4);
    fprintf(stderr, "rondo: there is no command '%s'", argv[1]);
    if (near)
        fprintf(stderr, "; did you mean '%s'?\n", near);
    else
        fprintf(stderr, "; rondo --help lists them\n");
    return USAGE;
}
