#include "base/text.h"

#include <stdio.h>
#include <string.h>

Text text_new(Arena *arena) { return (Text){.arena = arena}; }

static void append(Text *text, const char *bytes, size_t length) {
    if (text->len + length + 1 > text->cap) {
        size_t cap =
            2 * text->cap > text->len + length + 1 ? 2 * text->cap : text->len + length + 1;
        if (cap < 4096) cap = 4096;
        char *bigger = arena_alloc(text->arena, cap);
        if (text->len) memcpy(bigger, text->at, text->len);
        text->at = bigger;
        text->cap = cap;
    }
    memcpy(text->at + text->len, bytes, length);
    text->len += length;
    text->at[text->len] = '\0';
}

void text_puts(Text *text, const char *s) {
    while (*s) {
        size_t length = strcspn(s, "\n");
        if (length && !text->mid_line) {
            int spaces = text->indent * (text->width ? text->width : 2);
            for (int i = 0; i < spaces; i++) append(text, " ", 1);
            text->mid_line = true;
        }
        append(text, s, length);
        s += length;
        if (*s == '\n') {
            append(text, "\n", 1);
            text->mid_line = false;
            s++;
        }
    }
}

void text_printf(Text *text, const char *format, ...) {
    char line[256]; /* most texts are short: the arena is spared them */
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int length = vsnprintf(line, sizeof line, format, args);
    text_puts(text, length < (int)sizeof line ? line : arena_vprintf(text->arena, format, again));
    va_end(again);
    va_end(args);
}

const char *text_string(const Text *text) { return text->at ? text->at : ""; }
