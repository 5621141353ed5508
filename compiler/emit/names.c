#include <ctype.h>

#include "base/intern.h"
#include "emit/writer.h"

/* Words that mean something in the emitted functions. */
static const char *const reserved[] = {
    "at",       "auto",     "bool",    "break",  "case",     "char",   "column",   "const",
    "continue", "count",    "default", "depth",  "do",       "double", "else",     "enum",
    "extern",   "false",    "first",   "float",  "for",      "goto",   "if",       "inline",
    "int",      "item",     "k",       "last",   "left",     "long",   "memory",   "p",
    "panel",    "panels",   "part",    "parts",  "r",        "real",   "register", "restrict",
    "return",   "row",      "run",     "seed",   "short",    "signed", "sizeof",   "size",
    "sizes",    "static",   "struct",  "switch", "t",        "true",   "typedef",  "u",
    "union",    "unsigned", "vec",     "void",   "volatile", "w",      "while",    "zeros",
    "exp",      "log",      "tanh",    "sqrt",   "sin",      "cos",    "pow",      "y0",
    "y1",       "yn",       "j0",      "j1",     "jn",       "gamma",  "signgam",  "main",
    "inputs",   "rows",     "blocks",  "sums",   "v",        "s",      "end",      "context",
    "to",
};

/* Like a name that the emitted functions use (rd_…, all_…), or like a macro: a word in capitals. */
static bool like_ours(const char *name) {
    if (strncmp(name, "rd_", 3) == 0 || strncmp(name, "all_", 4) == 0) return true;
    if (strncmp(name, "to_", 3) == 0 || strncmp(name, "start_", 6) == 0) return true;
    for (const char *p = name; *p; p++)
        if (islower((unsigned char)*p)) return false;
    return strlen(name) > 2;
}

const char *identifier(Arena *arena, const char *text) {
    char *name = arena_printf(arena, "%s%s", isdigit((unsigned char)*text) ? "_" : "", text);
    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p)) *p = '_';
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(name, reserved[i]) == 0) return arena_printf(arena, "%s_", name);
    return like_ours(name) ? arena_printf(arena, "%s_", name) : name;
}

/* `wanted`, or with the first number appended that makes it new. */
static const char *unique(Arena *arena, Intern *names, const char ***taken, int *count, int *cap,
                          const char *wanted) {
    const char *name = intern(names, wanted);
    for (int suffix = 2;; suffix++) {
        bool used = false;
        for (int i = 0; i < *count && !used; i++) used = (*taken)[i] == name;
        if (!used) break;
        name = intern(names, arena_printf(arena, "%s_%d", wanted, suffix));
    }
    vec_grow(arena, (void **)taken, cap, *count, sizeof **taken);
    return (*taken)[(*count)++] = name;
}

/* The shortest scope that all named nodes of a kernel share, or what it computes first. */
static const char *kernel_name(const Writer *writer, const Kernel *kernel) {
    Arena *arena = writer->graph->arena;
    for (int i = 0; i < kernel->nodes.len; i++) {
        const char *name = graph_node(writer->graph, kernel->nodes.at[i])->name;
        if (!name) continue;
        const char *dot = kernel->direction ? strchr(name, '.') : NULL;
        size_t length = dot ? (size_t)(dot - name) : strlen(name);
        return identifier(arena, arena_copy(arena, name, length));
    }
    return kernel->space == SPACE_STEPS ? "steps" : "examples";
}

/* Like what is called after a kernel or a program: train_x_rows, train_x_stage_2, train_pack. */
static bool is_derived(const char *name) {
    static const char *const suffixes[] = {"_rows", "_stage", "_panel", "_panels",
                                           "_pack", "_packs", "_phase", "_bind"};
    size_t length = strlen(name);
    while (length && isdigit((unsigned char)name[length - 1])) length--;
    if (name[length] && length && name[length - 1] == '_') length--;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t n = strlen(suffixes[i]);
        if (length >= n && memcmp(name + length - n, suffixes[i], n) == 0) return true;
    }
    return false;
}

/* The source's name for a value; a function of one named value is called after both. */
static const char *wanted_name(const Graph *g, int node) {
    const Node *n = graph_node(g, node);
    if (n->name) return identifier(g->arena, n->name);
    const char *of = n->count == 1 && is_computed(g, node) ? graph_node(g, n->in[0])->name : NULL;
    return of ? identifier(g->arena, arena_printf(g->arena, "%s_%s", of, op_info[n->op].name))
              : arena_printf(g->arena, "v%d", node);
}

void choose_names(Writer *writer) {
    Graph *g = writer->graph;
    Intern *names = intern_new(g->arena);
    const char **taken = NULL;
    int count = 0, cap = 0;
    writer->names = ARENA_ARRAY(g->arena, const char *, g->nodes.len + 1);
    for (int i = 0; i < g->nodes.len; i++) {
        writer->names[i] = unique(g->arena, names, &taken, &count, &cap, wanted_name(g, i));
    }
    int kernels = writer->program->kernels.len;
    writer->kernel_names = ARENA_ARRAY(g->arena, const char *, kernels + 1);
    count = 0;
    for (int k = 0; k < kernels; k++) {
        const char *name = kernel_name(writer, &writer->program->kernels.at[k]);
        name = arena_printf(g->arena, "%s_%s", writer->program->name, name);
        if (is_derived(name)) name = arena_printf(g->arena, "%s_", name);
        writer->kernel_names[k] = unique(g->arena, names, &taken, &count, &cap, name);
    }
}
