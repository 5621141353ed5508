#include "status.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The start of the last character of text[0 .. length) that is cut short there, or length. */
static size_t whole_characters(const char *text, size_t length) {
    size_t lead = length;
    while (lead > 0 && length - lead < 4 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80) lead--;
    if (lead == 0 || (unsigned char)text[lead - 1] < 0xC0) return length;
    unsigned char c = (unsigned char)text[lead - 1];
    size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    return length - (lead - 1) < need ? lead - 1 : length;
}

bool rd_fail(RdError *error, const char *format, ...) {
    if (!error) return false;
    char text[sizeof error->text];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length >= (int)sizeof text) {
        size_t end = whole_characters(text, sizeof text - 4);
        memcpy(text + end, "…", sizeof "…");
    }
    for (char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = '?';
    memcpy(error->text, text, sizeof text);
    return false;
}

static int least(int a, int b) { return a < b ? a : b; }

enum { LONGEST_NAME = 63 };

/* The number of letters to insert, delete, replace or (neighbours) swap, upper and lower case
 * being equal: optimal string alignment distance. */
static int distance(const char *a, const char *b) {
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n > LONGEST_NAME || m > LONGEST_NAME) return LONGEST_NAME;
    int row[3][LONGEST_NAME + 1];
    for (int j = 0; j <= m; j++) row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *last = row[(i + 2) % 3], *older = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            now[j] = least(least(now[j - 1], last[j]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                now[j] = least(now[j], older[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *rd_nearest(const char *name, const char *const *candidates, int count) {
    const char *best = NULL;
    int limit = (int)strlen(name) / 3 + 1, found = limit + 1;
    for (int i = 0; i < count; i++) {
        int d = distance(name, candidates[i]);
        if (d >= found || d >= (int)strlen(candidates[i])) continue;
        found = d;
        best = candidates[i];
    }
    return best;
}

void rd_list(char *out, int size, const char *const *names, int count) {
    int at = 0;
    out[0] = '\0';
    for (int i = 0; i < count; i++) {
        int room = size - at - (int)sizeof ", …";
        int length = (int)strlen(names[i]) + (i ? 2 : 0);
        if (length > room) {
            snprintf(out + at, (size_t)(size - at), i ? ", …" : "…");
            return;
        }
        at += snprintf(out + at, (size_t)(size - at), "%s%s", i ? ", " : "", names[i]);
    }
}
