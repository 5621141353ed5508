/* Kernels whose stages do the same with other values, as those of stacked layers do, share
 * functions: they are called with the places of the values exchanged. */
#include <ctype.h>
#include <stdlib.h>

#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* What a name stands for in the program's struct. Places of different kinds cannot be exchanged. */
typedef enum {
    LOCAL = 'l',
    CONSTANT = 'c',
    NUMBERS = 'n',
    INDICES = 'i',
    PANEL = 'p',
    MASK = 'm',
} Place;

typedef struct {
    const char *name;
    Place place;
} Name;

/* A stage with its own names replaced by numbers: stages with equal texts do the same. */
typedef struct {
    const char *text, *function;
    int kernel, lines;
    bool shared;    /* with another stage's function */
    VEC(int) names; /* in the order of their first use */
} Form;

/* Two names: whose place, and what takes it. */
typedef struct {
    int place, value;
} Exchange;

struct Sharing {
    VEC(Name) names;         /* sorted */
    VEC(Form) forms;         /* of the stages with a function of their own */
    VEC(Exchange) exchanges; /* of the kernel at hand */
};

/* ---- names ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const Name *)a)->name, ((const Name *)b)->name);
}

static Place place_of_value(const Writer *writer, int node) {
    int buffer = writer->program->buffer_of[node];
    if (buffer >= 0) return writer->program->buffers.at[buffer].index ? INDICES : NUMBERS;
    bool given =
        graph_node(writer->graph, node)->op == OP_PARAM || is_real_input(writer->graph, node);
    return given ? CONSTANT : LOCAL;
}

Sharing *sharing_new(const Writer *writer) {
    Arena *arena = writer->graph->arena;
    const Program *program = writer->program;
    Sharing *sharing = ARENA_NEW(arena, Sharing);
    for (int i = 0; i < writer->graph->nodes.len; i++)
        vec_push(arena, &sharing->names, (Name){writer->names[i], place_of_value(writer, i)});
    for (int i = 0; i < mask_count(writer->graph); i++)
        vec_push(arena, &sharing->names, (Name){PRINT("mask[%d]", i), MASK});
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++)
            vec_push(arena, &sharing->names,
                     (Name){PRINT("panels[%s_panel_%d]", writer->kernel_names[k], s), PANEL});
    qsort(sharing->names.at, (size_t)sharing->names.len, sizeof(Name), by_name);
    return sharing;
}

static int find_name(const Sharing *sharing, const char *name) {
    const Name key = {.name = name};
    const Name *found =
        bsearch(&key, sharing->names.at, (size_t)sharing->names.len, sizeof(Name), by_name);
    return found ? (int)(found - sharing->names.at) : -1;
}

/* ---- the form of a stage ---- */

static bool in_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Its number in the form: that of its first use. */
static int number_of(Writer *writer, Form *form, int name) {
    for (int i = 0; i < form->names.len; i++)
        if (form->names.at[i] == name) return i;
    vec_push(writer->graph->arena, &form->names, name);
    return form->names.len - 1;
}

/* The name that the word is called after, as x_before and x_20 are after x: -1 for none. `end` is
 * where what was added begins. */
static int name_in(const Writer *writer, const char *word, const char **end) {
    for (*end = word + strlen(word); *end > word; (*end)--) {
        if (**end && **end != '_') continue;
        const char *stem = arena_copy(writer->graph->arena, word, (size_t)(*end - word));
        int name = find_name(writer->sharing, stem);
        if (name >= 0) return name;
    }
    return -1;
}

/* Whether the word is the stage's own; writes what stands for it. */
static bool is_own_word(Writer *writer, Form *form, Text *text, const char *word) {
    size_t own = strlen(form->function);
    const char *stem = strncmp(word, "all_", 4) == 0 ? word + 4 : word, *end;
    if (strncmp(word, form->function, own) == 0 && (!word[own] || word[own] == '_')) {
        text_printf(text, "@%s", word + own);
        return true;
    }
    int name = strncmp(word, "rd_", 3) == 0 ? -1 : name_in(writer, stem, &end);
    if (name < 0) return false;
    text_printf(text, "%.*s$%c%d%s", (int)(stem - word), word,
                writer->sharing->names.at[name].place, number_of(writer, form, name), end);
    return true;
}

/* Behind a word, with what stands in brackets behind "panels" or "mask"; or `p` for none. */
static const char *end_of_word(const char *p) {
    const char *end = p;
    while (in_word(*end)) end++;
    bool list = *end == '[' && (strncmp(p, "panels[", 7) == 0 || strncmp(p, "mask[", 5) == 0);
    return list ? strchr(end, ']') + 1 : end;
}

static Form form_of(Writer *writer, const char *function, const char *c) {
    Arena *arena = writer->graph->arena;
    Form form = {.function = function, .kernel = writer->kernel};
    Text text = text_new(arena);
    const char *rest = c; /* what was not written yet */
    for (const char *p = c, *end; *p; p = end) {
        bool comment = strncmp(p, "/*", 2) == 0;
        end = comment ? strstr(p, "*/") + 2 : end_of_word(p);
        if (end == p) end++;
        if (!comment && !(isalpha((unsigned char)*p) || *p == '_')) continue;
        Text word = text_new(arena);
        if (!comment && !is_own_word(writer, &form, &word, arena_copy(arena, p, (size_t)(end - p))))
            continue;
        text_printf(&text, "%.*s%s", (int)(p - rest), rest, text_string(&word));
        rest = end;
    }
    text_puts(&text, rest);
    form.text = text_string(&text);
    for (const char *p = c; *p; p++) form.lines += *p == '\n';
    return form;
}

/* ---- sharing ---- */

/* What takes the place of `place`, or -1. */
static int exchanged(const Sharing *sharing, int place) {
    for (int i = 0; i < sharing->exchanges.len; i++)
        if (sharing->exchanges.at[i].place == place) return sharing->exchanges.at[i].value;
    return -1;
}

/* Whether `form` is `other` with exchanges that go together with the kernel's. */
static bool fits(const Sharing *sharing, const Form *form, const Form *other) {
    if (strcmp(form->text, other->text) != 0) return false;
    for (int i = 0; i < form->names.len; i++) {
        int value = exchanged(sharing, other->names.at[i]);
        bool free = sharing->names.at[form->names.at[i]].place == LOCAL || value < 0;
        if (!free && value != form->names.at[i]) return false;
    }
    return true;
}

static void exchange(Writer *writer, const Form *form, const Form *other) {
    Sharing *sharing = writer->sharing;
    for (int i = 0; i < form->names.len; i++) {
        const Exchange e = {other->names.at[i], form->names.at[i]};
        if (sharing->names.at[e.place].place != LOCAL && exchanged(sharing, e.place) < 0)
            vec_push(writer->graph->arena, &sharing->exchanges, e);
    }
}

/* The function of kernel `other` that does what `form` does, with its exchanges; or NULL. */
static const Form *take(Writer *writer, const Form *form, int other) {
    const Sharing *sharing = writer->sharing;
    for (int i = 0; i < sharing->forms.len; i++) {
        const Form *candidate = &sharing->forms.at[i];
        if (candidate->kernel != other || !fits(sharing, form, candidate)) continue;
        exchange(writer, form, candidate);
        return candidate;
    }
    return NULL;
}

/* How many lines the functions of kernel `other` save, less what its exchanges cost a reader. */
static int lines_saved(Writer *writer, const Form *forms, int count, int other) {
    Sharing *sharing = writer->sharing;
    int before = sharing->exchanges.len, lines = 0;
    for (int s = 0; s < count; s++)
        if (!forms[s].shared && take(writer, &forms[s], other)) lines += forms[s].lines;
    int exchanges = sharing->exchanges.len - before;
    sharing->exchanges.len = before;
    return lines - 4 * exchanges;
}

/* The kernel with whose functions most is saved; or -1. */
static int most_alike(Writer *writer, const Form *forms, int count) {
    int best = -1, most = 0;
    for (int k = 0; k < writer->kernel; k++) {
        int saved = lines_saved(writer, forms, count, k);
        if (saved > most) best = k, most = saved;
    }
    return best;
}

void share_stages(Writer *writer, const char **c, int count) {
    Sharing *sharing = writer->sharing;
    Form *forms = ARENA_ARRAY(writer->graph->arena, Form, count + 1);
    for (int s = 0; s < count; s++) forms[s] = form_of(writer, writer->functions[s], c[s]);
    sharing->exchanges.len = 0;
    for (int other; (other = most_alike(writer, forms, count)) >= 0;)
        for (int s = 0; s < count; s++) {
            const Form *found = forms[s].shared ? NULL : take(writer, &forms[s], other);
            if (!found) continue;
            writer->functions[s] = found->function;
            forms[s].shared = true;
        }
    for (int s = 0; s < count; s++)
        if (!forms[s].shared) vec_push(writer->graph->arena, &sharing->forms, forms[s]);
}

void emit_exchanges(Writer *writer) {
    const Sharing *sharing = writer->sharing;
    for (int i = 0; i < sharing->exchanges.len; i++) {
        const Exchange *e = &sharing->exchanges.at[i];
        if (e->place != e->value)
            text_printf(writer->out, "as.%s = w->%s;\n", sharing->names.at[e->place].name,
                        sharing->names.at[e->value].name);
    }
}
