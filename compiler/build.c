#include "build.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The runtime, embedded by embedded.S. */
extern const char runtime_archive[], runtime_archive_end[];
extern const char runtime_rondo_h[], runtime_rondo_h_end[];
extern const char runtime_simd_h[], runtime_simd_h_end[];
extern const char runtime_optimizers_h[], runtime_optimizers_h_end[];
extern const char runtime_kernels_h[], runtime_kernels_h_end[];
extern const char runtime_kernels_c[], runtime_kernels_c_end[];
extern const char runtime_pairs_c[], runtime_pairs_c_end[];
extern const char runtime_sums_c[], runtime_sums_c_end[];
extern const char runtime_library_h[], runtime_library_h_end[];

/* What the build of the compiler adds: a sanitized compiler builds sanitized programs. */
#ifndef RONDO_EXTRA_CFLAGS
#define RONDO_EXTRA_CFLAGS NULL
#endif
static const char *const extra_flags[] = {RONDO_EXTRA_CFLAGS, NULL};

enum { MAX_ARGUMENTS = 64 };

typedef struct {
    const char *arguments[MAX_ARGUMENTS];
    int count;
    bool tool; /* not the C compiler */
} Command;

static void argument(Command *command, const char *text) {
    if (command->count + 1 < MAX_ARGUMENTS) command->arguments[command->count++] = text;
}

static void extra_arguments(Command *command) {
    for (const char *const *flag = extra_flags; *flag; flag++) argument(command, *flag);
}

static void show(const Command *command) {
    for (int i = 0; i < command->count; i++)
        fprintf(stderr, "%s%s", i ? " " : "", command->arguments[i]);
    fputc('\n', stderr);
}

static bool start(const Command *command, bool verbose, pid_t *child) {
    if (verbose) show(command);
    int error = posix_spawnp(child, command->arguments[0], NULL, NULL,
                             (char *const *)(uintptr_t)command->arguments, environ);
    if (error)
        fprintf(stderr, "rondo: cannot run %s'%s': %s; install it%s\n",
                command->tool ? "" : "the C compiler ", command->arguments[0], strerror(error),
                command->tool ? "" : ", or name another with --cc");
    return error == 0;
}

static bool finished(pid_t child, const char *what) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    fprintf(
        stderr,
        "rondo: the C compiler failed on %s; --verbose shows its command, --keep leaves the C\n",
        what);
    return false;
}

static bool write_file(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(bytes, 1, size, file) == size;
    if (file && fclose(file) != 0) good = false;
    if (!good) fprintf(stderr, "rondo: %s: cannot write: %s\n", path, strerror(errno));
    return good;
}

static bool on_path(const char *program) {
    const char *path = getenv("PATH");
    char candidate[4096];
    while (path && *path) {
        size_t length = strcspn(path, ":");
        snprintf(candidate, sizeof candidate, "%.*s/%s", (int)length, path, program);
        if (access(candidate, X_OK) == 0) return true;
        path += length + (path[length] == ':');
    }
    return false;
}

static const char *default_compiler(void) {
    if (on_path("clang")) return "clang";
    return on_path("gcc") ? "gcc" : "cc";
}

/* What is compiled, side by side. Double precision is for gradcheck alone: it only
 * trains, and is quick to compile. */
static const struct {
    const char *source, *object, *what, *flags[5];
} units[] = {
    /* what should be inline or unrolled says so */
    {"model.c",
     "model.o",
     "the model",
     {"-O3", "-fno-inline", "-fno-unroll-loops", "-DRD_KERNELS_APART"}},
    {"kernels.c", "kernels.o", "the kernels", {"-O3", "-fno-unroll-loops", "-DRD_KERNELS_APART"}},
    {"model.c", /* the last: a library goes without */
     "double.o",
     "the model in double precision",
     {"-O0", "-DRD_REAL=double", "-DRD_DOUBLE", "-DRD_TRAIN_ALONE"}},
};
enum { UNITS = sizeof units / sizeof *units, DOUBLE = UNITS - 1 };

static const char *const narrow[] = {NULL, "-DRD_NARROW=1", "-DRD_NARROW=2"};

enum { PATH = 128, LONGEST_NAME = 300 };

typedef struct {
    char folder[64];
    char source[UNITS][PATH], object[UNITS][PATH], archive[PATH], linked[PATH], binary[4096];
} Places;

static bool unpack(Places *places, const char *c) {
    char path[PATH];
    snprintf(places->folder, sizeof places->folder, "/tmp/rondo-XXXXXX");
    if (!mkdtemp(places->folder)) {
        fprintf(stderr, "rondo: cannot make a folder in /tmp: %s\n", strerror(errno));
        return false;
    }
    for (int i = 0; i < UNITS; i++) {
        snprintf(places->source[i], PATH, "%s/%s", places->folder, units[i].source);
        snprintf(places->object[i], PATH, "%s/%s", places->folder, units[i].object);
    }
    snprintf(places->archive, PATH, "%s/runtime.a", places->folder);
    snprintf(places->linked, PATH, "%s/linked.o", places->folder);
    const struct {
        const char *name, *from, *to;
    } files[] = {
        {"rondo.h", runtime_rondo_h, runtime_rondo_h_end},
        {"simd.h", runtime_simd_h, runtime_simd_h_end},
        {"kernels.h", runtime_kernels_h, runtime_kernels_h_end},
        {"kernels.c", runtime_kernels_c, runtime_kernels_c_end},
        {"pairs.c", runtime_pairs_c, runtime_pairs_c_end},
        {"sums.c", runtime_sums_c, runtime_sums_c_end},
        {"optimizers.h", runtime_optimizers_h, runtime_optimizers_h_end},
        {"model.c", c, c + strlen(c)},
        {"runtime.a", runtime_archive, runtime_archive_end},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", places->folder, files[i].name);
        if (!write_file(path, files[i].from, (size_t)(files[i].to - files[i].from))) return false;
    }
    return true;
}

static void clean(const Places *places) {
    static const char *const names[] = {"rondo.h", "simd.h",       "kernels.h", "pairs.c",
                                        "sums.c",  "optimizers.h", "runtime.a", "linked.o"};
    char path[PATH];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", places->folder, names[i]);
        unlink(path);
    }
    for (int i = 0; i < UNITS; i++) {
        unlink(places->source[i]);
        unlink(places->object[i]);
    }
    rmdir(places->folder);
}

static Command compile_command(const Places *places, const BuildOptions *options, int unit,
                               const char *march) {
    Command command = {0};
    argument(&command, options->cc);
    argument(&command, "-std=c11");
    argument(&command, march);
    argument(&command, "-ffp-contract=off");
    argument(&command, "-fno-math-errno");
    argument(&command, "-fno-trapping-math");
    argument(&command, "-fno-asynchronous-unwind-tables"); /* nothing unwinds: 4 % of a program */
    argument(&command, "-ffunction-sections");
    extra_arguments(&command);
    for (const char *const *flag = units[unit].flags; *flag; flag++) argument(&command, *flag);
    if (options->precision && unit != DOUBLE) argument(&command, narrow[options->precision]);
    argument(&command, "-I");
    argument(&command, places->folder);
    argument(&command, "-c");
    argument(&command, places->source[unit]);
    argument(&command, "-o");
    argument(&command, places->object[unit]);
    return command;
}

static bool link_binary(const Places *places, const BuildOptions *options) {
    Command command = {0};
    pid_t child;
    argument(&command, options->cc);
    argument(&command, "-s");
    argument(&command, "-Wl,--gc-sections");
    if (options->static_link) argument(&command, "-static");
    extra_arguments(&command);
    for (int i = 0; i < UNITS; i++) argument(&command, places->object[i]);
    argument(&command, places->archive);
    argument(&command, "-lm");
    argument(&command, "-lpthread");
    argument(&command, "-o");
    argument(&command, places->binary);
    return start(&command, options->verbose, &child) && finished(child, "linking");
}

/* ---- libraries ---- */

/* What library.h declares, behind rd_library. */
static const char *const functions[] = {
    "_open", "_close",      "_outputs",     "_name",  "_predict", "_predict_frames", "_get",
    "_free", "_state_size", "_state_reset", "_token", "_step",    "_step_frame",     "_step_get"};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static bool run_to_end(const Command *command, const BuildOptions *options, const char *what) {
    pid_t child;
    return start(command, options->verbose, &child) && finished(child, what);
}

/* One object with the model and what it needs of the runtime. */
static bool link_object(const Places *places, const BuildOptions *options) {
    Command command = {0};
    argument(&command, options->cc);
    argument(&command, "-r");
    argument(&command, "-nostdlib");
    argument(&command, "-Wl,-u,rd_library_open");
    for (int i = 0; i < UNITS - 1; i++) argument(&command, places->object[i]);
    argument(&command, places->archive);
    argument(&command, "-o");
    argument(&command, places->linked);
    return run_to_end(&command, options, "linking");
}

/* The functions get the library's name, and nothing else of the object can be seen, so that
 * libraries do not meet. */
static bool name_functions(const Places *places, const BuildOptions *options) {
    Command command = {.tool = true};
    char renamed[FUNCTIONS][2 * LONGEST_NAME], kept[FUNCTIONS][LONGEST_NAME];
    argument(&command, "objcopy");
    argument(&command, "--strip-debug");
    for (int i = 0; i < FUNCTIONS; i++) {
        snprintf(renamed[i], sizeof renamed[i], "--redefine-sym=rd_library%s=%s%s", functions[i],
                 options->prefix, functions[i]);
        snprintf(kept[i], sizeof kept[i], "--keep-global-symbol=%s%s", options->prefix,
                 functions[i]);
        argument(&command, renamed[i]);
        argument(&command, kept[i]);
    }
    argument(&command, places->linked);
    return run_to_end(&command, options, "naming functions");
}

static bool link_library(const Places *places, const BuildOptions *options) {
    Command command = {.tool = true};
    if (!link_object(places, options) || !name_functions(places, options)) return false;
    unlink(places->binary);
    argument(&command, "ar");
    argument(&command, "rcs");
    argument(&command, places->binary);
    argument(&command, places->linked);
    return run_to_end(&command, options, "making the archive");
}

/* library.h with the library's name. */
static bool write_header(const BuildOptions *options) {
    char path[4096];
    snprintf(path, sizeof path, "%s.h", options->output);
    FILE *file = fopen(path, "wb");
    if (file) fputs(options->about, file);
    for (const char *at = runtime_library_h; file && at < runtime_library_h_end;) {
        bool lower = strncmp(at, "rd_library", 10) == 0, upper = strncmp(at, "RD_LIBRARY", 10) == 0;
        if (!lower && !upper) {
            fputc(*at++, file);
            continue;
        }
        for (const char *c = options->prefix; *c; c++)
            fputc(upper ? toupper((unsigned char)*c) : *c, file);
        at += 10;
    }
    bool good = file && !ferror(file);
    if (file && fclose(file) != 0) good = false;
    if (!good) fprintf(stderr, "rondo: %s: cannot write: %s\n", path, strerror(errno));
    return good;
}

/* All units side by side; waits for those that have started even when another has failed. */
static bool compile(const Places *places, const BuildOptions *options) {
    char march[64];
    pid_t child[UNITS];
    int started = 0, count = options->prefix ? UNITS - 1 : UNITS;
    bool good = true;
    snprintf(march, sizeof march, "-march=%s", options->march);
    for (; started < count && good; started += good) {
        Command command = compile_command(places, options, started, march);
        good = start(&command, options->verbose, &child[started]);
    }
    for (int i = 0; i < started; i++) good &= finished(child[i], units[i].what);
    return good;
}

static bool compile_and_link(Places *places, const BuildOptions *options) {
    char output[4000];
    snprintf(output, sizeof output, "%s%s", options->output, options->prefix ? ".a" : "");
    snprintf(places->binary, sizeof places->binary, "%s.partial", output);
    if (!compile(places, options)) return false;
    if (options->prefix ? !write_header(options) || !link_library(places, options)
                        : !link_binary(places, options))
        return false;
    if (rename(places->binary, output) == 0) return true;
    fprintf(stderr, "rondo: %s: cannot write: %s\n", output, strerror(errno));
    return false;
}

static bool keep_c(const char *c, const BuildOptions *options) {
    char path[4096];
    snprintf(path, sizeof path, "%s.c", options->output);
    return write_file(path, c, strlen(c));
}

bool build_binary(const char *c, const BuildOptions *options) {
    Places places = {0};
    BuildOptions complete = *options;
    if (!complete.cc) complete.cc = default_compiler();
    struct stat info;
    if (stat(complete.output, &info) == 0 && !S_ISREG(info.st_mode)) {
        fprintf(stderr, "rondo: %s: is no regular file; name another with -o\n", complete.output);
        return false;
    }
    if (complete.keep && !keep_c(c, &complete)) return false;
    bool good = unpack(&places, c) && compile_and_link(&places, &complete);
    if (!good && *places.binary) unlink(places.binary);
    if (*places.folder) clean(&places);
    return good;
}
