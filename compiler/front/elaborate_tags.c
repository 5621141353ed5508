/* Tags: one of a set for each word of a text. */
#include <string.h>

#include "front/elaborator.h"

enum { DEFAULT_TAGS = 64 };

static bool named(const Expr *arg, const char *name) {
    return arg->kind == EXPR_NAMED && strcmp(arg->name, name) == 0;
}

bool field_setting(Elaborator *e, const Expr *arg, Input *input) {
    if (!named(arg, "column")) return false;
    const Expr *value = arg->right;
    if (input->field) {
        fail(e, arg->span, "'column' is given twice");
        return true;
    }
    if (value->kind == EXPR_NAME) {
        input->field = value->name;
        return true;
    }
    int number;
    if (value->kind != EXPR_NUMBER) {
        fail(e, value->span, "a column is a name, such as UPOS, or a number, the first being 1");
    } else if (eval_whole(e, value, "column", 1, MAX_LISTED, &number)) {
        input->field = arena_printf(e->arena, "%d", number);
    }
    return true;
}

void words_setting(Elaborator *e, const Expr *arg, Input *input) {
    const Expr *text = arg->right;
    Binding *binding = text->kind == EXPR_NAME ? find_binding(e->frame, text->name, false) : NULL;
    if (input->over >= 0) {
        fail(e, arg->span, "'%s' is given twice", arg->name);
        return;
    }
    if (binding && binding->value.kind == VALUE_ERROR) return;
    if (!binding || binding->kind != BIND_COLUMN || binding->value.kind != VALUE_TENSOR) {
        fail(e, text->span, "'%s' needs an input of words, '%s' is none", arg->name,
             span_text(e, text->span));
        if (!binding) advise(e, "that input stands further up: input text: words(…)");
        return;
    }
    int column = graph_node(e->graph, binding->value.node)->attr.index;
    Input *words = &e->graph->inputs.at[column];
    bool has_words = words->tokens == TOKENS_WORDS || words->tokens == TOKENS_WHITESPACE;
    if (words->kind != INPUT_WORDS || words->target || !has_words) {
        fail(e, text->span, "'%s' needs an input of words, '%s' has none", arg->name, words->name);
        note(e, words->span, "it is declared here");
        return;
    }
    input->over = column;
}

static void add_tag(Elaborator *e, const Expr *arg, Input *input, int *count) {
    if (arg->kind != EXPR_NAME) {
        fail(e, arg->span, "a tag is a name");
        advise(e, "without a list the tags are those of the training data: tags(over = text)");
        return;
    }
    for (int i = 0; i < *count; i++)
        if (input->classes[i] == arg->name) {
            fail(e, arg->span, "tag '%s' is listed twice", arg->name);
            return;
        }
    input->classes[(*count)++] = arg->name;
}

static void tag_argument(Elaborator *e, const Expr *arg, Input *input, int *listed, int *most) {
    static const char *const settings[] = {"over", "max_tags", "column"};
    if (named(arg, "over"))
        words_setting(e, arg, input);
    else if (named(arg, "max_tags") && *most)
        fail(e, arg->span, "'max_tags' is given twice");
    else if (named(arg, "max_tags"))
        eval_whole(e, arg->right, "max_tags", 2, MAX_LISTED, most);
    else if (field_setting(e, arg, input))
        return;
    else if (arg->kind == EXPR_NAMED) {
        fail(e, arg->op_span, "'tags' has no setting '%s'", arg->name);
        hint_nearest(e, arg->name, settings, 3);
    } else {
        add_tag(e, arg, input, listed);
    }
}

/* Whether what the arguments said is complete. */
static bool check_tags(Elaborator *e, const Expr *type, const Input *input, int listed, int most) {
    if (input->over < 0) {
        fail(e, type->span, "'tags' must say which words have them");
        advise(e, "such as tags(over = text), where text is an input of words");
    } else if (listed == 1) {
        fail(e, type->span, "'tags' lists one tag, at least two are needed");
    } else if (listed && most) {
        fail(e, type->span, "'max_tags' is for tags that are not listed");
    } else {
        return true;
    }
    return false;
}

bool tags_type(Elaborator *e, const Expr *type, Input *input) {
    int count = type->kind == EXPR_CALL ? type->args.len : 0, listed = 0, most = 0;
    int errors = diag_errors(e->diag);
    input->kind = INPUT_TAGS;
    input->over = -1;
    input->classes = ARENA_ARRAY(e->arena, const char *, count + 1);
    if (count > MAX_LISTED) {
        fail(e, type->span, "'tags' has %d names, at most %d are possible", count, MAX_LISTED);
        return false;
    }
    for (int i = 0; i < count; i++) tag_argument(e, type->args.at[i], input, &listed, &most);
    if (diag_errors(e->diag) > errors) return false;
    if (!check_tags(e, type, input, listed, most)) return false;
    if (!listed) input->classes = NULL;
    if (!most) most = listed ? listed : DEFAULT_TAGS;
    Input *words = &e->graph->inputs.at[input->over];
    words->split = true;
    input->type = words->type;
    input->type.range = dim_const(most);
    return true;
}
