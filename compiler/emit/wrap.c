/* Breaks the emitted text's long lines where a person would. */
#include "emit/writer.h"

enum { WIDTH = 100 };

static bool breaks_after(const char *p, bool comment) {
    if (comment) return *p == ' ' && p[-1] != '#';
    return *p == ' ' && (p[-1] == ',' || p[-1] == '+' || p[-1] == '*' || p[-1] == '-' ||
                         p[-1] == '/' || p[-1] == '=' || p[-1] == '?' || p[-1] == ':' ||
                         p[-1] == ';' || p[-1] == '{' || p[-1] == '<');
}

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static int text_width(const char *from, const char *to) {
    int width = 0;
    for (; from < to; from++) width += ((unsigned char)*from & 0xc0) != 0x80;
    return width;
}

/* The last place before the right margin where the line can break, or its end. A comment behind
 * code stays whole. */
static const char *break_point(const char *line, const char *end, int indent, bool comment) {
    const char *best = NULL;
    int quotes = 0;
    for (const char *p = line + 1; p < end; p++) {
        if (*p == '"' && p[-1] != '\\') quotes ^= 1;
        bool remark = !comment && strncmp(p, " /*", 3) == 0;
        if (quotes || !(remark || breaks_after(p, comment))) continue;
        if (indent + text_width(line, p) > WIDTH && best) break;
        best = p;
        if (remark) break;
    }
    return best ? best : end;
}

/* Breaks one line; what follows the first break stands further in. */
static void wrap_line(Text *out, const char *line, const char *end) {
    const char *start = line;
    while (start < end && *start == ' ') start++;
    int indent = (int)(start - line);
    bool comment = start < end && (strncmp(start, "/* ", 3) == 0 || strncmp(start, "* ", 2) == 0);
    const char *lead = "";
    text_printf(out, "%*s", indent, "");
    while (indent + text_width(start, end) > WIDTH) {
        const char *at = break_point(start, end, indent, comment);
        if (at == end) break;
        if (!*lead) {
            lead = comment ? (*start == '/' ? " *     " : "*     ") : "    ";
            indent += (int)strlen(lead);
        }
        const char *last = at;
        while (last > start && last[-1] == ' ') last--;
        text_printf(out, "%.*s\n%*s%s", (int)(last - start), start, indent - (int)strlen(lead), "",
                    lead);
        for (start = at; start < end && *start == ' ';) start++;
    }
    text_printf(out, "%.*s\n", (int)(end - start), start);
}

const char *wrap_lines(Arena *arena, const char *text) {
    Text out = text_new(arena);
    while (*text) {
        const char *end = text + strcspn(text, "\n");
        if (text_width(text, end) <= WIDTH)
            text_printf(&out, "%.*s\n", (int)(end - text), text);
        else
            wrap_line(&out, text, end);
        text = *end ? end + 1 : end;
    }
    return text_string(&out);
}
