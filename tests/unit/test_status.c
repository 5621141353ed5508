#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "status.h"
#include "tokenize.h"

Test(status, fail) {
    RdError error;
    cr_expect_not(rd_fail(&error, "%s:%d: %s", "a.tsv", 3, "what\n\x1b[1m"));
    cr_expect_str_eq(error.text, "a.tsv:3: what??[1m");
    cr_expect_not(rd_fail(&error, "more: %s", error.text)); /* of itself */
    cr_expect_str_eq(error.text, "more: a.tsv:3: what??[1m");
    cr_expect_not(rd_fail(NULL, "nobody reads this"));
}

/* A long message is cut between characters, wherever they stand. */
Test(status, long_messages) {
    for (int shift = 0; shift < 8; shift++) {
        char text[1000] = "";
        for (int i = 0; i < shift; i++) strcat(text, "a");
        while (strlen(text) < 900) strcat(text, "é☺\U0001F600");
        RdError error;
        rd_fail(&error, "%s", text);
        size_t length = strlen(error.text);
        cr_expect(length < sizeof error.text && length > sizeof error.text - 10);
        cr_expect_str_eq(error.text + length - 3, "…");
        cr_expect_eq(rd_utf8_valid(error.text, length), length);
        cr_expect_eq(strncmp(error.text, text, length - 3), 0);
    }
}

Test(status, nearest) {
    static const char *const names[] = {"negative", "positive", "neutral"};
    static const char *const cases[][2] = {
        {"postive", "positive"},
        {"Positive", "positive"},
        {"nuetral", "neutral"},
        {"negativ", "negative"},
        {"banana", NULL},
        {"", NULL},
        {"n", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *near = rd_nearest(cases[i][0], names, 3);
        cr_expect((near == NULL) == (cases[i][1] == NULL), "of %s", cases[i][0]);
        if (near && cases[i][1]) cr_expect_str_eq(near, cases[i][1]);
    }
    char long_name[200];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    cr_expect_null(rd_nearest(long_name, names, 3));
    cr_expect_null(rd_nearest("a", names, 0));
}

Test(status, list) {
    static const char *const names[] = {"one", "two", "three"};
    char text[40];
    rd_list(text, sizeof text, names, 3);
    cr_expect_str_eq(text, "one, two, three");
    rd_list(text, sizeof text, names, 0);
    cr_expect_str_eq(text, "");
    for (int size = 8; size < 20; size++) {
        memset(text, 'x', sizeof text);
        rd_list(text, size, names, 3);
        cr_expect_lt((int)strlen(text), size);
        cr_expect(strstr(text, "…") || size > 15);
    }
}
