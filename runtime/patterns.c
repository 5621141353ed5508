/* Tokens by a regular expression, with POSIX's own functions: in a locale of Unicode, whatever that
 * of the process is. */
#include "patterns.h"

#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "tokenize.h"

typedef struct {
    locale_t locale;
    regex_t regex;
} Regex;

static bool compile(RdTokenizer *t, const char *pattern, RdError *error) {
    char why[120];
    Regex *made = rd_zeros(1, sizeof *made);
    made->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!made->locale) {
        free(made);
        return rd_fail(error, "this machine has no locale C.UTF-8, which a pattern needs");
    }
    locale_t before = uselocale(made->locale);
    int code = regcomp(&made->regex, pattern, REG_EXTENDED);
    regerror(code, &made->regex, why, sizeof why);
    uselocale(before);
    if (code == 0) return t->regex = made, true;
    freelocale(made->locale);
    free(made);
    return rd_fail(error, "the pattern '%s' is none: %s", pattern, why);
}

void rd_regex_free(void *regex) {
    Regex *r = regex;
    if (!r) return;
    regfree(&r->regex);
    freelocale(r->locale);
    free(r);
}

/* The length of the character at text. */
static size_t character(const char *text, size_t length) {
    size_t n = 1;
    while (n < length && ((unsigned char)text[n] & 0xC0) == 0x80) n++;
    return n;
}

static void match_all(RdTokenizer *t, const char *text, size_t length) {
    const Regex *r = t->regex;
    for (size_t at = 0; at < length;) {
        regmatch_t match = {.rm_so = 0, .rm_eo = (regoff_t)(length - at)};
        int flags = REG_STARTEND | (at ? REG_NOTBOL : 0);
        if (regexec(&r->regex, text + at, 1, &match, flags) != 0) return;
        size_t size = (size_t)(match.rm_eo - match.rm_so);
        if (size) rd_tokenizer_put(t, text + at + match.rm_so, size);
        at += (size_t)match.rm_eo;
        if (!size && at < length) at += character(text + at, length - at);
    }
}

bool rd_tokenize_regex(RdTokenizer *t, const char *pattern, const char *text, size_t length,
                       RdError *error) {
    if (!rd_tokenizer_begin(t, text, length, 2 * length, error)) return false;
    if (!t->regex && !compile(t, pattern, error)) return false;
    locale_t before = uselocale(((Regex *)t->regex)->locale);
    for (size_t at = 0, end; at < length; at = end + 1) {
        const char *line_end = memchr(text + at, '\n', length - at);
        end = line_end ? (size_t)(line_end - text) : length;
        char *line = memcpy(t->code, text + at, end - at); /* there is room, for a NUL as well */
        line[end - at] = '\0';
        match_all(t, line, end - at);
    }
    uselocale(before);
    return true;
}
