#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_models.h"
#include "vocab.h"

static RdData data_of(const char *const *texts, int count) {
    RdColumn columns[] = {mood_columns[0], mood_columns[1]};
    columns[TEXT].max_length = 0;
    RdModel model = mood;
    model.columns = columns;
    RdData data;
    RdError error;
    cr_assert(rd_data_from_texts(texts, count, &model, (RdReadOptions){0}, &data, &error), "%s",
              error.text);
    return data;
}

/* "word word …" */
static const char *show(const RdVocab *vocab) {
    static char out[4096];
    char *at = out;
    *at = '\0';
    for (int i = 0; i < vocab->size; i++) at += sprintf(at, "%s%s", i ? " " : "", vocab->word[i]);
    return out;
}

static void expect_words(int max_vocab, int min_count, const char *expected) {
    const char *const texts[] = {"b a c", "c b a", "a d é", "a z <unk> é", "<UNK> <unk> <unk>"};
    RdData data = data_of(texts, 5);
    RdVocab vocab;
    rd_vocab_build(&data, TEXT, max_vocab, min_count, false, &vocab);
    rd_data_free(&data);
    cr_expect_str_eq(show(&vocab), expected);
    for (int i = 0; i < vocab.size; i++) cr_expect_eq(rd_vocab_lookup(&vocab, vocab.word[i]), i);
    cr_expect_eq(rd_vocab_lookup(&vocab, "never"), 0);
    cr_expect_eq(rd_vocab_lookup(&vocab, ""), 0);
    rd_vocab_free(&vocab);
}

Test(vocab, order_and_limits) {
    expect_words(0, 1, "<unk> a b c é d z"); /* by count, then by bytes; <unk> is no word */
    expect_words(100, 0, "<unk> a b c é d z");
    expect_words(0, 2, "<unk> a b c é");
    expect_words(3, 1, "<unk> a b");
    expect_words(1, 1, "<unk>");
    expect_words(3, 4, "<unk> a");
    expect_words(0, 5, "<unk>");
}

Test(vocab, many_words) {
    enum { WORDS = 30000 };
    char *text = malloc(WORDS * 8), *at = text;
    for (int i = 0; i < WORDS; i++) at += sprintf(at, "w%d ", i * 7919 % WORDS);
    const char *const texts[] = {text, "w77 w5"};
    RdData data = data_of(texts, 2);
    RdVocab vocab;
    rd_vocab_build(&data, TEXT, 0, 1, false, &vocab);
    cr_assert_eq(vocab.size, WORDS + 1);
    cr_expect_str_eq(vocab.word[1], "w5");
    cr_expect_str_eq(vocab.word[2], "w77");
    for (int i = 3; i + 1 < vocab.size; i++)
        cr_assert_lt(strcmp(vocab.word[i], vocab.word[i + 1]), 0);
    for (int i = 0; i < WORDS; i++) {
        char word[16];
        sprintf(word, "w%d", i);
        int number = rd_vocab_lookup(&vocab, word);
        cr_assert_gt(number, 0);
        cr_assert_str_eq(vocab.word[number], word);
    }
    rd_vocab_free(&vocab);
    rd_data_free(&data);
    free(text);
}

Test(vocab, empty_one_knows_nothing) {
    RdVocab vocab = {0};
    cr_expect_eq(rd_vocab_lookup(&vocab, "a"), 0);
    rd_vocab_free(&vocab);
}

Test(vocab, from_text) {
    const char *const texts[] = {"a \\ é \U0001F600 it's \x01", "a"};
    RdData data = data_of(texts, 2);
    RdVocab vocab, copy;
    RdError error;
    rd_vocab_build(&data, TEXT, 0, 1, false, &vocab);
    const char *text = "<unk>\na\n\x01\n'\n\\\nit\ns\né\n\U0001F600";
    cr_assert(rd_vocab_from_text(text, &copy, &error), "%s", error.text);
    cr_assert_eq(copy.size, vocab.size);
    for (int i = 0; i < vocab.size; i++) {
        cr_expect_str_eq(copy.word[i], vocab.word[i]);
        cr_expect_eq(rd_vocab_lookup(&copy, vocab.word[i]), i);
    }
    rd_vocab_free(&copy);
    rd_vocab_free(&vocab);
    rd_data_free(&data);
}

static void refuse(const char *text, const char *message) {
    RdVocab vocab;
    RdError error;
    cr_expect_not(rd_vocab_from_text(text, &vocab, &error), "%s", text);
    cr_expect_str_eq(error.text, message);
    rd_vocab_free(&vocab);
}

Test(vocab, from_characters) {
    RdVocab vocab;
    cr_assert(rd_vocab_from_chars("<unk>\n \n\\n\n\\\nn", &vocab, NULL));
    cr_expect_eq(vocab.size, 5);
    cr_expect_eq(rd_vocab_lookup(&vocab, " "), 1);
    cr_expect_eq(rd_vocab_lookup(&vocab, "\n"), 2);
    cr_expect_eq(rd_vocab_lookup(&vocab, "\\"), 3);
    cr_expect_eq(rd_vocab_lookup(&vocab, "n"), 4);
    rd_vocab_free(&vocab);
}

Test(vocab, bad_text) {
    refuse("", "the vocabulary does not begin with <unk>");
    refuse("a\n<unk>", "the vocabulary does not begin with <unk>");
    refuse("<unk>\na\n\nb", "the vocabulary has an empty word");
    refuse("<unk>\na\n", "the vocabulary has an empty word");
    refuse("<unk>\na\nb\na", "the vocabulary has the word 'a' twice");
    refuse("<unk>\n<unk>", "the vocabulary has the word '<unk>' twice");
}
