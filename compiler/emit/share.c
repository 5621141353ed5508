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

/* A piece of the text of a stage. */
typedef struct {
    const char *at;
    size_t length;
} Word;

static int is_name(const void *a, const void *b) {
    const Word *word = a;
    const char *name = ((const Name *)b)->name;
    int order = strncmp(word->at, name, word->length);
    return order ? order : name[word->length] ? -1 : 0;
}

static int find_name(const Sharing *sharing, Word word) {
    const Name *found =
        bsearch(&word, sharing->names.at, (size_t)sharing->names.len, sizeof(Name), is_name);
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

/* The name that the word is called after, as x_before and x_20 are after x: -1 for none. `stem` is
 * the part of the word that is the name. */
static int name_in(const Writer *writer, Word word, Word *stem) {
    for (*stem = word; stem->length > 0; stem->length--) {
        if (stem->length < word.length && stem->at[stem->length] != '_') continue;
        int name = find_name(writer->sharing, *stem);
        if (name >= 0) return name;
    }
    return -1;
}

static bool starts_with(Word word, const char *start) {
    size_t length = strlen(start);
    return word.length >= length && strncmp(word.at, start, length) == 0;
}

/* Whether the word is the stage's own; writes what stands for it. */
static bool is_own_word(Writer *writer, Form *form, Text *text, Word word) {
    size_t own = strlen(form->function), start = starts_with(word, "all_") ? 4 : 0;
    if (starts_with(word, form->function) && (word.length == own || word.at[own] == '_')) {
        text_printf(text, "@%.*s", (int)(word.length - own), word.at + own);
        return true;
    }
    Word stem;
    int name = starts_with(word, "rd_")
                   ? -1
                   : name_in(writer, (Word){word.at + start, word.length - start}, &stem);
    if (name < 0) return false;
    text_printf(text, "%.*s$%c%d%.*s", (int)start, word.at, writer->sharing->names.at[name].place,
                number_of(writer, form, name), (int)(word.length - start - stem.length),
                stem.at + stem.length);
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
    Text word = text_new(arena);
    const char *rest = c; /* what was not written yet */
    for (const char *p = c, *end; *p; p = end) {
        bool comment = strncmp(p, "/*", 2) == 0;
        end = comment ? strstr(p, "*/") + 2 : end_of_word(p);
        if (end == p) end++;
        if (!comment && !(isalpha((unsigned char)*p) || *p == '_')) continue;
        word.len = 0;
        if (!comment && !is_own_word(writer, &form, &word, (Word){p, (size_t)(end - p)})) continue;
        text_printf(&text, "%.*s%.*s", (int)(p - rest), rest, (int)word.len, text_string(&word));
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
