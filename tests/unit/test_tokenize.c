#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "tokenize.h"

static RdTokenizer tokenizer;

static void stop(void) { rd_tokenizer_free(&tokenizer); }

TestSuite(tokenize, .fini = stop);

/* The tokenizer's words, each in [ ]; freed with free. */
static char *show(void) {
    char *line = calloc(tokenizer.bytes + 2 * (size_t)tokenizer.count + 1, 1);
    for (int i = 0; i < tokenizer.count; i++) {
        strcat(line, "[");
        strcat(line, tokenizer.word[i]);
        strcat(line, "]");
    }
    return line;
}

static char *split(const char *text) {
    RdError error;
    cr_assert(rd_tokenize(&tokenizer, text, strlen(text), &error), "%s", error.text);
    return show();
}

static void check(const char *text, const char *expected) {
    char *words = split(text);
    cr_expect_str_eq(words, expected, "of <%s>", text);
    free(words);
}

Test(tokenize, rules) {
    static const char *const cases[][2] = {
        {"", ""},
        {" \t\r\n\v\f ", ""},
        {"one", "[one]"},
        {"  A  b\tC\nd ", "[a][b][c][d]"},
        {"don't", "[don]['][t]"},
        {"''", "['][']"},
        {"say \"yes\" a\"b", "[say][yes][ab]"},
        {"\"\"", ""},
        {"3.14 the end...", "[3][.][14][the][end][.][.][.]"},
        {"a,b (c) d!? e", "[a][,][b][(][c][)][d][!][?][e]"},
        {"a;b:c ; :", "[a][b][c]"},
        {"one<br />two<BR />three", "[one][two][three]"},
        {"<br/> <br  /> <br /", "[<br/>][<br][/>][<br][/]"},
        {"a<br \"/>b", "[a][b]"},
        {"<<br />>", "[<][>]"},
        {"re-imagining a_b #tag @me 50% $5 a/b", "[re-imagining][a_b][#tag][@me][50%][$5][a/b]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check(cases[i][0], cases[i][1]);
}

Test(tokenize, characters) {
    static const char *const cases[][2] = {
        {"", ""},
        {"GAttC", "[G][A][t][t][C]"},
        {" a\"\n", "[ ][a][\"][\n]"},
        {"e\u0301ß\U0001F600", "[é][ß][\U0001F600]"}, /* NFC, no lower case */
        {"q\u0301", "[q][\u0301]"},                   /* two code points in NFC as well */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RdError error;
        cr_assert(rd_tokenize_chars(&tokenizer, cases[i][0], strlen(cases[i][0]), &error), "%s",
                  error.text);
        char *chars = show();
        cr_expect_str_eq(chars, cases[i][1]);
        free(chars);
    }
    RdError error;
    cr_expect_not(rd_tokenize_chars(&tokenizer, "a\xFF", 2, &error));
    cr_expect_str_eq(error.text, "byte 1 is not valid UTF-8");
}

Test(tokenize, unicode) {
    static const char *const cases[][2] = {
        {"É E\u0301 e\u0301", "[é][é][é]"},         /* NFC, then lower case */
        {"ÀÇÑ ДА ẞ", "[àçñ][да][ß]"},               /* beyond Latin 1 */
        {"\u0130x", "[i\u0307x]"},                  /* I with a dot keeps it */
        {"ΟΔΟΣ ΣΑΣ, Σ", "[οδος][σας][,][σ]"},       /* final sigma */
        {"ΑΣ.Α ΑΣ'", "[ασ][.][α][ας][']"},          /* decided before words are parted */
        {"a\u00A0b\u3000c\u2009d", "[a][b][c][d]"}, /* white space of all kinds */
        {"a\xC2\x85"
         "b\x1F"
         "c",
         "[a][b][c]"},
        {"a\u200Bb", "[a\u200Bb]"}, /* zero width space is none */
        {"\U0001F600!", "[\U0001F600][!]"},
        {"“so” l’été…", "[“so”][l’été…]"}, /* typographic quotes are no rule */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check(cases[i][0], cases[i][1]);
}

/* Hundreds of texts whose words Python worked out: tests/reference/make_tokenize.py. */
Test(tokenize, same_as_python) {
    FILE *file = fopen(RONDO_SOURCE "/tests/reference/tokenize.jsonl", "r");
    cr_assert(file);
    char *line = NULL;
    size_t room = 0;
    int cases = 0;
    while (getline(&line, &room, file) > 0) {
        json_t *pair = json_loads(line, 0, NULL);
        const char *text = json_string_value(json_array_get(pair, 0));
        const json_t *words = json_array_get(pair, 1);
        cr_assert(rd_tokenize(&tokenizer, text, strlen(text), NULL));
        cr_expect_eq((size_t)tokenizer.count, json_array_size(words), "words of %s", line);
        for (size_t i = 0; i < json_array_size(words) && i < (size_t)tokenizer.count; i++)
            cr_expect_str_eq(tokenizer.word[i], json_string_value(json_array_get(words, i)),
                             "word %zu of %s", i, line);
        json_decref(pair);
        cases++;
    }
    cr_expect(cases > 500);
    free(line);
    fclose(file);
}

Test(tokenize, words_follow_each_other) {
    RdError error;
    const char text[] = "One, deux";
    cr_assert(rd_tokenize(&tokenizer, text, strlen(text), &error));
    cr_assert_eq(tokenizer.count, 3);
    cr_expect_eq(tokenizer.bytes, sizeof "one\0,\0deux");
    cr_expect_eq(memcmp(tokenizer.word[0], "one\0,\0deux", tokenizer.bytes), 0);
}

static void refuse(const char *text, size_t length, const char *message) {
    RdError error;
    cr_expect_not(rd_tokenize(&tokenizer, text, length, &error));
    cr_expect_str_eq(error.text, message);
    cr_expect_eq(tokenizer.count, 0);
}

Test(tokenize, bad_bytes) {
    refuse("ab\xFFz", 4, "byte 2 is not valid UTF-8");
    refuse("é\xC3", 3, "byte 2 is not valid UTF-8");            /* cut short */
    refuse("\xC0\xAF", 2, "byte 0 is not valid UTF-8");         /* overlong */
    refuse("a\xED\xA0\x80", 4, "byte 1 is not valid UTF-8");    /* a surrogate */
    refuse("\xF4\x90\x80\x80", 4, "byte 0 is not valid UTF-8"); /* beyond Unicode */
    refuse("0123456789abcdef\x80", 17, "byte 16 is not valid UTF-8");
    refuse("abc\0d", 5, "byte 3 is a NUL");
}

Test(tokenize, long_text_then_short) {
    enum { WORDS = 100000, BYTES = sizeof "Éb " - 1 };
    char *text = calloc((size_t)WORDS * BYTES + 1, 1);
    for (size_t i = 0; i < WORDS; i++) memcpy(text + i * BYTES, "Éb ", BYTES);
    cr_assert(rd_tokenize(&tokenizer, text, (size_t)WORDS * BYTES, NULL));
    cr_expect_eq(tokenizer.count, WORDS);
    cr_expect_str_eq(tokenizer.word[WORDS - 1], "éb");
    free(text);
    check("and now", "[and][now]");
}
