/* The table of tokenizers: what they part a text into, and back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "tokens.h"
#include "vocab.h"

static RdTokenizer tokenizer;

static void stop(void) { rd_tokenizer_free(&tokenizer); }

TestSuite(tokens, .fini = stop);

/* The tokens, a bar between two, and the text that they make. */
static void check(const RdColumn *column, const char *text, const char *tokens, const char *back) {
    RdError error;
    char shown[1000] = "", again[1000] = "", *at = again;
    cr_assert(rd_tokens_of(column, NULL, &tokenizer, text, strlen(text), &error), "%s", error.text);
    for (int i = 0; i < tokenizer.count; i++) {
        if (i) strcat(shown, "|");
        strcat(shown, tokenizer.word[i]);
        at += rd_token_text(column, tokenizer.word[i], i == 0, at);
    }
    cr_expect_str_eq(shown, tokens, "of <%s>", text);
    cr_expect_str_eq(again, back, "of <%s>", text);
}

Test(tokens, each) {
    const RdColumn words = {.tokens = RD_BY_WORDS}, chars = {.tokens = RD_BY_CHARS},
                   bytes = {.tokens = RD_BY_BYTES}, white = {.tokens = RD_BY_WHITESPACE};
    check(&words, "Don't  go!", "don|'|t|go|!", "don ' t go !");
    check(&chars, "E\xCC\x81 t", "É| |t", "É t");
    check(&bytes, "é \n", "Ã|©|Ġ|Ċ", "é \n");
    check(&white, "\u3000 <unk> Don't\u00A0@-@\t\u00C9 ", "<unk>|Don't|@-@|\u00C9",
          "<unk> Don't @-@ \u00C9");
    check(&white, "", "", "");
    check(&white, "e\xCC\x81", "e\xCC\x81", "e\xCC\x81"); /* no normal form */
}

Test(tokens, patterns) {
    static const struct {
        const char *pattern, *text, *tokens;
    } cases[] = {
        {"[[:alpha:]]+|[[:digit:]]", "Été, 42 naïve-x", "Été|4|2|naïve|x"},
        {"a|ab|abc", "abcab a", "abc|ab|a"}, /* the longest */
        {"^x", "xxx\nxx", "x|x"},            /* once a line */
        {"[0-9]*", "é12中3", "12|3"},        /* matches of nothing are none */
        {"[^b]+", "a\n中\n", "a|中"},
        {"(the|a) [a-z]+", "the cat a dog", "the cat|a dog"},
        {"x", "abc", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const RdColumn column = {.tokens = RD_BY_REGEX, .pattern = cases[i].pattern};
        RdTokenizer own = {0};
        char shown[200] = "";
        cr_assert(rd_tokens_of(&column, NULL, &own, cases[i].text, strlen(cases[i].text), NULL));
        for (int k = 0; k < own.count; k++) {
            if (k) strcat(shown, "|");
            strcat(shown, own.word[k]);
        }
        cr_expect_str_eq(shown, cases[i].tokens, "of <%s>", cases[i].text);
        rd_tokenizer_free(&own);
    }
    const RdColumn wrong = {.tokens = RD_BY_REGEX, .pattern = "[a"};
    RdError error;
    cr_expect_not(rd_tokens_of(&wrong, NULL, &tokenizer, "a", 1, &error));
    cr_expect(strstr(error.text, "the pattern '[a' is none"));
}

Test(tokens, refuse_what_is_no_text) {
    for (int kind = RD_BY_WORDS; kind <= RD_BY_WHITESPACE; kind++) {
        const RdColumn column = {.tokens = (RdTokens)kind};
        RdError error;
        cr_expect_not(rd_tokens_of(&column, NULL, &tokenizer, "a\xFF", 2, &error));
        cr_expect_str_eq(error.text, "byte 1 is not valid UTF-8");
        cr_expect_not(rd_tokens_of(&column, NULL, &tokenizer, "a\0b", 3, &error));
    }
}

Test(tokens, names_of_bytes) {
    bool seen[RD_BYTES] = {false};
    char name[RD_BYTES][RD_BYTE_NAME] = {{0}}, byte[RD_BYTE_NAME];
    for (int i = 0; i < RD_BYTES; i++) {
        int place = rd_byte_place((unsigned char)i);
        cr_assert(place >= 0 && place < RD_BYTES && !seen[place]);
        seen[place] = true;
        cr_expect_eq(rd_byte_name((unsigned char)i, name[place]), strlen(name[place]));
        cr_expect_eq(rd_bytes_named(name[place], byte), 1);
        cr_expect_eq(byte[0], (char)i);
    }
    for (int i = 1; i < RD_BYTES; i++) cr_expect(strcmp(name[i - 1], name[i]) < 0);
    cr_expect_eq(rd_byte_code(' '), 0x120); /* as in GPT-2's vocabulary */
    cr_expect_eq(rd_byte_code('\n'), 0x10A);
    cr_expect_eq(rd_byte_code(0xAD), 0x143);
}

Test(tokens, all_bytes_are_known) {
    const RdColumn column = {.name = "text", .kind = RD_WORDS, .tokens = RD_BY_BYTES};
    const RdModel model = {.column_count = 1, .columns = &column};
    const RdData none = {.count = 0};
    RdVocab vocab;
    cr_assert(rd_vocab_learn(&none, &model, 0, &vocab, NULL));
    cr_expect_eq(vocab.size, 257);
    for (int i = 1; i < vocab.size; i++) cr_expect_eq(rd_vocab_lookup(&vocab, vocab.word[i]), i);
    rd_vocab_free(&vocab);
}
