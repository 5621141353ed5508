#include "json.h"

#include <stdio.h>
#include <string.h>

bool rd_json_flush(RdJson *json) {
    if (json->file && !json->failed)
        json->failed = !rd_atomic_write(json->file, json->buffer, json->used, json->error);
    json->used = 0;
    return !json->failed;
}

static void put_byte(RdJson *json, char c) {
    json->size++;
    json->buffer[json->used++] = c;
    if (json->used == sizeof json->buffer) rd_json_flush(json);
}

/* Writes a character within `depth` strings. */
static void put(RdJson *json, int depth, char c) {
    static const char specials[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *special = strchr(specials, c);
    char escape[8] = {c};
    if (depth == 0) {
        put_byte(json, c);
        return;
    }
    if (special)
        snprintf(escape, sizeof escape, "\\%c", letters[special - specials]);
    else if ((unsigned char)c < ' ')
        snprintf(escape, sizeof escape, "\\u%04X", (unsigned)c);
    for (const char *at = escape; *at; at++) put(json, depth - 1, *at);
}

void rd_json_put(RdJson *json, const char *text) {
    for (; *text; text++) put(json, json->depth, *text);
}

void rd_json_number(RdJson *json, size_t number) {
    char text[24];
    snprintf(text, sizeof text, "%zu", number);
    rd_json_put(json, text);
}

void rd_json_open(RdJson *json) {
    rd_json_put(json, "\"");
    json->depth++;
}

void rd_json_close(RdJson *json) {
    json->depth--;
    rd_json_put(json, "\"");
}

void rd_json_string(RdJson *json, const char *text) {
    rd_json_open(json);
    rd_json_put(json, text);
    rd_json_close(json);
}
