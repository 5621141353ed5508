#include "tokenize.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "alloc.h"
#include "bytes.h"
#include "patterns.h"

/* ---- to code points in lower case ---- */

static size_t ascii_prefix(const char *text, size_t length) {
    size_t at = 0;
    for (uint64_t eight; at + 8 <= length; at += 8) {
        memcpy(&eight, text + at, 8);
        if (eight & UINT64_C(0x8080808080808080)) break;
    }
    while (at < length && (unsigned char)text[at] < 0x80) at++;
    return at;
}

size_t rd_utf8_valid(const char *text, size_t length) {
    size_t at = ascii_prefix(text, length);
    while (at < length) {
        utf8proc_int32_t code;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                              (utf8proc_ssize_t)(length - at), &code);
        if (n < 1) return at;
        at += (size_t)n;
        at += ascii_prefix(text + at, length - at);
    }
    return length;
}

/* The marks that a word may contain, by Unicode's rules for where words break. */
static bool inside_word(int32_t c) {
    static const int32_t marks[] = {'\'',   '.',    ':',    0xB7,   0x387,  0x55F,
                                    0x5F4,  0x2018, 0x2019, 0x2024, 0x2027, 0xFE13,
                                    0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marks[i] == c) return true;
    return false;
}

static bool case_ignorable(int32_t c) {
    switch (utf8proc_category(c)) {
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_SK:
            return true;
        default:
            return inside_word(c);
    }
}

static bool cased(int32_t c) {
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
           category == UTF8PROC_CATEGORY_LT || utf8proc_tolower(c) != c || utf8proc_toupper(c) != c;
}

/* Unicode's condition Final_Sigma: a cased letter comes before code[at], none after it. */
static bool final_sigma(const int32_t *code, size_t count, size_t at) {
    size_t before = at, after = at + 1;
    while (before > 0 && case_ignorable(code[before - 1])) before--;
    while (after < count && case_ignorable(code[after])) after++;
    return before > 0 && cased(code[before - 1]) && (after == count || !cased(code[after]));
}

static void lower(int32_t *code, size_t count) {
    enum { CAPITAL_SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2 };
    for (size_t i = 0; i < count; i++) {
        bool final = code[i] == CAPITAL_SIGMA && final_sigma(code, count, i);
        code[i] = final ? FINAL_SIGMA : utf8proc_tolower(code[i]);
    }
}

/* Each returns the number of code points. */
static size_t decompose(RdTokenizer *t, const char *text, size_t length) {
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    for (;;) {
        utf8proc_ssize_t room = (utf8proc_ssize_t)t->code_capacity;
        utf8proc_ssize_t n =
            utf8proc_decompose(bytes, (utf8proc_ssize_t)length, t->code, room, options);
        if (n <= room) return n < 0 ? 0 : (size_t)n;
        t->code = rd_grow(t->code, &t->code_capacity, (size_t)n, sizeof *t->code);
    }
}

static size_t compose(RdTokenizer *t, size_t count) {
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    if (count == 0) return 0;
    utf8proc_ssize_t n = utf8proc_normalize_utf32(t->code, (utf8proc_ssize_t)count, options);
    return n < 0 ? 0 : (size_t)n;
}

/* Accents are taken off before the letters change case and put on again after it, so that letters
 * such as U+0130 (I with a dot) lose nothing. */
static size_t read_unicode(RdTokenizer *t, const char *text, size_t length) {
    size_t count = decompose(t, text, length);
    lower(t->code, count);
    return compose(t, count);
}

static size_t read_ascii(RdTokenizer *t, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) t->code[i] = (unsigned char)text[i];
    return length;
}

static void lower_ascii(int32_t *code, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (code[i] >= 'A' && code[i] <= 'Z') code[i] += 'a' - 'A';
}

static size_t drop_quotes(int32_t *code, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (code[i] != '"') code[kept++] = code[i];
    return kept;
}

/* ---- code points to words ---- */

/* Python's str.isspace. */
static bool white(int32_t c) {
    if (c > ' ' && c < 0x7F) return false;
    const utf8proc_property_t *property = utf8proc_get_property(c);
    return property->category == UTF8PROC_CATEGORY_ZS ||
           property->bidi_class == UTF8PROC_BIDI_CLASS_WS ||
           property->bidi_class == UTF8PROC_BIDI_CLASS_B ||
           property->bidi_class == UTF8PROC_BIDI_CLASS_S;
}

static bool word_of_its_own(int32_t c) { return c > 0 && c < 0x80 && strchr("'.,()!?", c); }

/* How many code points from `code` on only part words; 0 when it is something else. */
static size_t parting(const int32_t *code, size_t count) {
    static const char line_break[] = "<br />";
    if (code[0] == ';' || code[0] == ':' || white(code[0])) return 1;
    size_t n = 0;
    while (n < count && line_break[n] && code[n] == line_break[n]) n++;
    return line_break[n] ? 0 : n;
}

typedef struct {
    RdTokenizer *t;
    char *end;   /* of what was written */
    bool inside; /* a word has begun and not ended */
} Writer;

static void end_word(Writer *w) {
    if (w->inside) *w->end++ = '\0';
    w->inside = false;
}

static void put(Writer *w, int32_t code) {
    RdTokenizer *t = w->t;
    if (!w->inside) {
        t->word =
            rd_grow((void *)t->word, &t->word_capacity, (size_t)t->count + 1, sizeof *t->word);
        t->word[t->count++] = w->end;
    }
    w->inside = true;
    w->end += utf8proc_encode_char(code, (utf8proc_uint8_t *)w->end);
}

static void split(RdTokenizer *t, size_t count) {
    Writer w = {t, t->text, false};
    for (size_t i = 0, n; i < count; i += n ? n : 1) {
        n = parting(t->code + i, count - i);
        bool own = !n && word_of_its_own(t->code[i]);
        if (n || own) end_word(&w);
        if (!n) put(&w, t->code[i]);
        if (own) end_word(&w);
    }
    end_word(&w);
    t->bytes = (size_t)(w.end - t->text);
}

/* Checks the text and makes room for its code points; *ascii when it has no others. */
static bool begin(RdTokenizer *t, const char *text, size_t length, bool *ascii, RdError *error) {
    t->count = 0;
    t->bytes = 0;
    *ascii = false;
    const char *nul = length ? memchr(text, '\0', length) : NULL;
    if (nul) return rd_fail(error, "byte %zu is a NUL", (size_t)(nul - text));
    *ascii = ascii_prefix(text, length) == length;
    size_t valid = *ascii ? length : rd_utf8_valid(text, length);
    if (valid < length) return rd_fail(error, "byte %zu is not valid UTF-8", valid);
    t->code = rd_grow(t->code, &t->code_capacity, length + 1, sizeof *t->code);
    return true;
}

bool rd_tokenizer_begin(RdTokenizer *t, const char *text, size_t length, size_t room,
                        RdError *error) {
    bool ascii;
    if (!begin(t, text, length, &ascii, error)) return false;
    t->text = rd_grow(t->text, &t->text_capacity, room + 1, 1);
    return true;
}

void rd_tokenizer_put(RdTokenizer *t, const char *token, size_t length) {
    char *to = t->text + t->bytes;
    t->word = rd_grow((void *)t->word, &t->word_capacity, (size_t)t->count + 1, sizeof *t->word);
    t->word[t->count++] = memcpy(to, token, length);
    to[length] = '\0';
    t->bytes += length + 1;
}

static void make_text_room(RdTokenizer *t, size_t count) {
    size_t most = 5 * count + 1; /* four bytes and a NUL each */
    t->text = rd_grow(t->text, &t->text_capacity, most, 1);
}

bool rd_tokenize(RdTokenizer *t, const char *text, size_t length, RdError *error) {
    bool ascii;
    if (!begin(t, text, length, &ascii, error)) return false;
    size_t count = ascii ? read_ascii(t, text, length) : read_unicode(t, text, length);
    if (ascii) lower_ascii(t->code, count);
    count = drop_quotes(t->code, count);
    make_text_room(t, count);
    split(t, count);
    return true;
}

bool rd_tokenize_chars(RdTokenizer *t, const char *text, size_t length, RdError *error) {
    bool ascii;
    if (!begin(t, text, length, &ascii, error)) return false;
    size_t count = ascii ? read_ascii(t, text, length) : compose(t, decompose(t, text, length));
    make_text_room(t, count);
    Writer w = {t, t->text, false};
    for (size_t i = 0; i < count; i++) {
        put(&w, t->code[i]);
        end_word(&w);
    }
    t->bytes = (size_t)(w.end - t->text);
    return true;
}

/* Code points as they are, without a normal form. The text is valid. */
static size_t read_plain(RdTokenizer *t, const char *text, size_t length) {
    size_t count = 0;
    for (size_t at = 0; at < length;)
        at += (size_t)utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                       (utf8proc_ssize_t)(length - at), &t->code[count++]);
    return count;
}

bool rd_tokenize_whitespace(RdTokenizer *t, const char *text, size_t length, RdError *error) {
    bool ascii;
    if (!begin(t, text, length, &ascii, error)) return false;
    size_t count = ascii ? read_ascii(t, text, length) : read_plain(t, text, length);
    make_text_room(t, count);
    Writer w = {t, t->text, false};
    for (size_t i = 0; i < count; i++)
        if (white(t->code[i]))
            end_word(&w);
        else
            put(&w, t->code[i]);
    end_word(&w);
    t->bytes = (size_t)(w.end - t->text);
    return true;
}

bool rd_tokenize_bytes(RdTokenizer *t, const char *text, size_t length, RdError *error) {
    bool ascii;
    if (!begin(t, text, length, &ascii, error)) return false;
    make_text_room(t, length);
    Writer w = {t, t->text, false};
    for (size_t i = 0; i < length; i++) {
        put(&w, rd_byte_code((unsigned char)text[i]));
        end_word(&w);
    }
    t->bytes = (size_t)(w.end - t->text);
    return true;
}

void rd_split(RdTokenizer *t, const char *text, const char *separators) {
    t->count = 0;
    t->text = rd_grow(t->text, &t->text_capacity, strlen(text) + 1, 1);
    char *to = t->text;
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        size_t n = strcspn(text, separators);
        t->word =
            rd_grow((void *)t->word, &t->word_capacity, (size_t)t->count + 1, sizeof *t->word);
        t->word[t->count++] = memcpy(to, text, n);
        to[n] = '\0';
        to += n + 1;
        text += n;
    }
    t->bytes = (size_t)(to - t->text);
}

void rd_tokenizer_free(RdTokenizer *t) {
    free((void *)t->word);
    free(t->text);
    free(t->code);
    rd_regex_free(t->regex);
    *t = (RdTokenizer){0};
}
