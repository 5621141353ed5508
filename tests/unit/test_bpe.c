/* Byte-pair encoding against Hugging Face's tokenizers: tests/reference/make_bpe.py. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bpe.h"
#include "learn.h"
#include "model_file.h"
#include "sample_models.h"
#include "scratch.h"
#include "tokens.h"

static json_t *reference;
static const RdColumn column = {.name = "text",
                                .kind = RD_WORDS,
                                .tokens = RD_BY_BPE,
                                .per_step = 1,
                                .merges = 300,
                                .min_count = 2};
static const RdSequence sequence = {.column = 0};
static const RdModel model = {.column_count = 1,
                              .columns = &column,
                              .sequence_count = 1,
                              .sequences = &sequence,
                              .real_size = sizeof(float)};

static void start(void) {
    scratch_open();
    reference = json_load_file(RONDO_SOURCE "/tests/reference/bpe.json", 0, NULL);
    cr_assert(reference);
}

static void stop(void) {
    json_decref(reference);
    scratch_close();
}

TestSuite(bpe, .init = start, .fini = stop);

/* What the lines of the reference teach. */
static RdVocab learned(void) {
    const char *texts[1000];
    int count = (int)json_array_size(json_object_get(reference, "lines"));
    RdVocab vocab;
    RdData data;
    RdError error;
    for (int i = 0; i < count; i++)
        texts[i] =
            json_string_value(json_array_get(json_object_get(reference, "lines"), (size_t)i));
    cr_assert(rd_data_from_texts(texts, count, &model, (RdReadOptions){0}, &data, &error), "%s",
              error.text);
    cr_assert(rd_vocab_learn(&data, &model, 0, &vocab, &error));
    rd_data_free(&data);
    return vocab;
}

Test(bpe, learns_the_same_merges) {
    RdVocab vocab = learned();
    const RdBpe *bpe = vocab.bpe;
    const json_t *merges = json_object_get(reference, "merges");
    cr_assert_eq(bpe->merges, (int)json_array_size(merges));
    cr_expect_eq(vocab.size, bpe->tokens + 1);
    for (int i = 0; i < (int)json_array_size(merges); i++) {
        char merge[200];
        snprintf(merge, sizeof merge, "%s %s", bpe->name[bpe->left[i]], bpe->name[bpe->right[i]]);
        cr_assert_str_eq(merge, json_string_value(json_array_get(merges, (size_t)i)), "merge %d",
                         i);
    }
    rd_vocab_free(&vocab);
}

/* Tokens as the reference has them; they make the text again, and all are in the vocabulary. */
Test(bpe, encodes_the_same_and_back) {
    RdVocab vocab = learned();
    RdTokenizer t = {0};
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(reference, "cases"), i, pair) {
        const char *text = json_string_value(json_array_get(pair, 0));
        const json_t *tokens = json_array_get(pair, 1);
        char again[5000] = "", *at = again;
        cr_assert(rd_tokens_of(&column, vocab.bpe, &t, text, strlen(text), NULL));
        cr_assert_eq(t.count, (int)json_array_size(tokens), "case %zu", i);
        for (int k = 0; k < t.count; k++) {
            cr_expect_str_eq(t.word[k], json_string_value(json_array_get(tokens, (size_t)k)));
            cr_expect_gt(rd_vocab_lookup(&vocab, t.word[k]), 0);
            at += rd_token_text(&column, t.word[k], k == 0, at);
        }
        cr_expect_str_eq(again, text);
    }
    rd_tokenizer_free(&t);
    rd_vocab_free(&vocab);
}

Test(bpe, pieces_end) {
    char text[1000];
    memset(text, 'a', sizeof text);
    cr_expect_eq(rd_bpe_piece(text, sizeof text), RD_BPE_PIECE);
    for (size_t i = 0; i + 1 < sizeof text; i += 2) memcpy(text + i, "é", 2);
    text[0] = ' ', text[1] = 'a'; /* no character is cut */
    cr_expect_eq(rd_bpe_piece(text, sizeof text), RD_BPE_PIECE);
    cr_expect_eq(rd_bpe_piece(text + 1, sizeof text - 1), RD_BPE_PIECE - 1);
}

Test(bpe, marks_are_not_made) {
    const RdBpePiece piece[] = {{"<unk>", 9}, {"</s>", 9}};
    RdBpe *bpe = rd_bpe_learn(piece, 2, 100, 1);
    for (int i = 0; i < bpe->tokens; i++)
        cr_expect(strcmp(bpe->name[i], "<unk>") != 0 && strcmp(bpe->name[i], "</s>") != 0);
    cr_expect_eq(bpe->merges, 5);
    rd_bpe_free(bpe);
}

Test(bpe, text_of_merges) {
    static const struct {
        const char *text;
        int merges; /* -1: refused */
    } cases[] = {{"", 0},
                 {"a b", 1},
                 {"a b\nab c\nĠ abc", 3},
                 {"b c\na b\na bc\nab c", 4},
                 {"a", -1},
                 {"a ", -1},
                 {" b", -1},
                 {"a b\na b", -1},
                 {"ab c", -1},
                 {"a b\n\nc d", -1},
                 {"a b c", -1},
                 {"a b\nĢ x", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RdBpe *bpe;
        RdError error;
        bool good = rd_bpe_from_text(cases[i].text, &bpe, &error);
        cr_expect_eq(good, cases[i].merges >= 0, "of <%s>", cases[i].text);
        if (good) cr_expect_eq(bpe->merges, cases[i].merges);
        rd_bpe_free(bpe);
    }
}

Test(bpe, reads_files_with_what_they_teach) {
    RdVocab vocab[RD_MAX_COLUMNS] = {{0}};
    RdData data;
    RdError error;
    const char *path = scratch_text("a.txt", "low low lower\nlow lowest\n");
    cr_assert(rd_read_and_learn(path, &model, (RdReadOptions){0}, &data, vocab, &error), "%s",
              error.text);
    cr_expect_eq(vocab[0].bpe->merges, 4); /* l o, lo w, Ġ low, Ġlow e */
    cr_expect_eq(data.words[0].word_count[0], 4);
    cr_expect_str_eq(rd_first_word(&data, 0, 0), "low");
    rd_data_free(&data);
    rd_vocab_free(&vocab[0]);
    cr_expect_not(rd_read_and_learn("-", &model, (RdReadOptions){0}, &data, vocab, &error));
    cr_expect_str_eq(error.text,
                     "the tokens of 'text' are learned, which reads the data twice; expected a "
                     "file, not the standard input");
    rd_data_free(&data);
}

/* The model file has the merges; the vocabulary follows from them. */
Test(bpe, in_a_model_file) {
    RdColumn columns[2];
    RdModel text = mood;
    RdError error;
    RdSaved saved = {0}, again, other;
    int sizes[RD_MAX_COLUMNS];
    memcpy(columns, mood.columns, sizeof columns);
    columns[TEXT].tokens = RD_BY_BPE;
    text.columns = columns;
    saved.vocab[TEXT] = learned();
    rd_saved_vocab_sizes(&saved, sizes);
    RdLayout layout = rd_layout(&text, sizes);
    saved.stretch[RD_WEIGHTS] = rd_layout_zeros(&layout, &text);
    RdAtomicFile file = rd_atomic_open(scratch_path("a.safetensors"));
    cr_assert(rd_model_save(&file, &text, &layout, &saved, &error), "%s", error.text);
    cr_assert(rd_model_load(scratch_path("a.safetensors"), &text, false, &again, &error), "%s",
              error.text);
    cr_assert_eq(again.vocab[TEXT].size, saved.vocab[TEXT].size);
    for (int i = 0; i < again.vocab[TEXT].size; i++)
        cr_expect_str_eq(again.vocab[TEXT].word[i], saved.vocab[TEXT].word[i]);
    cr_expect_eq(again.vocab[TEXT].bpe->merges, saved.vocab[TEXT].bpe->merges);
    cr_expect_not(rd_model_load(scratch_path("a.safetensors"), &mood, false, &other, &error));
    rd_saved_free(&other);
    rd_saved_free(&saved);
    rd_atomic_close(&file);
    rd_layout_free(&layout);
    rd_saved_free(&again);
}
