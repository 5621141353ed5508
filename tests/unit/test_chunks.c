/* The rules of conlleval, as its comments and code state them (version of 2004-01-26): cases worked
 * by hand, and random sentences against a plain reading of the rules. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "chunks.h"
#include "random.h"

enum { MOST = 40 };

static const char *const names[] = {"<unk>", "O",     "B-per", "I-per",
                                    "B-loc", "I-loc", "E-per", "S-per"};
enum { TAGS = sizeof names / sizeof *names, PER = 1, LOC = 2 };

static RdChunks chunks;

static void open_chunks(void) { cr_assert(rd_chunks_init(&chunks, names, TAGS)); }
static void close_chunks(void) { rd_chunks_free(&chunks); }
TestSuite(chunks, .init = open_chunks, .fini = close_chunks);

static int number_of(const char *name) {
    for (int i = 0; i < TAGS; i++)
        if (strcmp(names[i], name) == 0) return i;
    cr_assert_fail("no tag '%s'", name);
    return 0;
}

/* Sentences as "B-per I-per | O", parted by '|'. */
static void score(const char *truth, const char *predicted) {
    char a[256], b[256], *rest_a, *rest_b;
    strcpy(a, truth);
    strcpy(b, predicted);
    char *s = strtok_r(a, " ", &rest_a), *t = strtok_r(b, " ", &rest_b);
    for (; s && t; s = strtok_r(NULL, " ", &rest_a), t = strtok_r(NULL, " ", &rest_b)) {
        if (*s == '|')
            rd_chunks_end(&chunks);
        else
            rd_chunks_word(&chunks, number_of(s), number_of(t));
    }
    cr_assert(!s && !t);
    rd_chunks_end(&chunks);
}

static void expect_counts(RdChunkCount count, long truths, long predicted, long right) {
    cr_expect_eq(count.truths, truths, "%ld in the data instead of %ld", count.truths, truths);
    cr_expect_eq(count.predicted, predicted, "%ld answered instead of %ld", count.predicted,
                 predicted);
    cr_expect_eq(count.right, right, "%ld right instead of %ld", count.right, right);
}

/* All chunks of the truth, of the answers, and those in both. */
static void expect(const char *truth, const char *predicted, long truths, long answered,
                   long right) {
    rd_chunks_clear(&chunks);
    score(truth, predicted);
    expect_counts(rd_chunks_all(&chunks), truths, answered, right);
}

Test(chunks, first_word_last_word_and_type) {
    expect("B-per I-per O B-loc", "B-per I-per O B-loc", 2, 2, 2);
    expect("B-per I-per O", "B-per O O", 1, 1, 0);         /* too short */
    expect("B-per I-per O", "B-per I-per I-per", 1, 1, 0); /* too long */
    expect("O B-per O", "B-per I-per O", 1, 1, 0);         /* too early */
    expect("B-per I-per", "B-loc I-loc", 1, 1, 0);         /* the other type */
    expect("B-per I-per I-per", "B-per B-per I-per", 1, 2, 0);
    expect("O O O", "O O O", 0, 0, 0);
    expect("O O O", "O B-loc O", 0, 1, 0);
}

Test(chunks, i_behind_o_begins_a_chunk) {
    expect("B-per I-per O", "I-per I-per O", 1, 1, 1);
    expect("O B-loc", "O I-loc", 1, 1, 1);
    expect("I-per O I-per", "I-per O I-per", 2, 2, 2); /* IOB1 */
}

Test(chunks, a_change_of_type_begins_a_chunk) {
    expect("B-per B-loc", "B-per I-loc", 2, 2, 2);
    expect("B-per I-loc I-loc", "B-per B-loc I-loc", 2, 2, 2);
    expect("I-per I-loc", "I-per I-per", 2, 1, 0);
}

Test(chunks, b_begins_a_chunk) {
    expect("B-per B-per", "B-per I-per", 2, 1, 0);
    expect("B-per B-per", "I-per B-per", 2, 2, 2);
    expect("I-per B-per I-per", "B-per B-per I-per", 2, 2, 2);
}

Test(chunks, a_chunk_ends_with_its_sentence) {
    expect("B-per | I-per", "B-per | I-per", 2, 2, 2);
    expect("O I-per | I-per I-per", "O B-per | B-per I-per", 2, 2, 2);
}

Test(chunks, e_and_s) {
    expect("B-per E-per S-per", "B-per I-per B-per", 2, 2, 2);
    expect("S-per S-per", "B-per B-per", 2, 2, 2);
    expect("B-per E-per I-per", "B-per I-per B-per", 2, 2, 2); /* IOE: the E parts them */
}

Test(chunks, an_unknown_tag_is_outside) { expect("B-per <unk> I-per", "B-per O I-per", 2, 2, 2); }

Test(chunks, figures) {
    /* three in the data, four answered, two right: 1/2, 2/3, 4/7 */
    score("B-per I-per O B-loc O B-loc", "B-per I-per O B-loc B-loc O");
    score("O O O", "O B-per O");
    RdChunkCount all = rd_chunks_all(&chunks);
    expect_counts(all, 3, 4, 2);
    cr_expect_eq(rd_chunk_precision(all), 0.5);
    cr_expect_eq(rd_chunk_recall(all), 2.0 / 3);
    cr_expect_eq(rd_chunk_f1(all), 4.0 / 7);
    expect_counts(chunks.count[PER], 1, 2, 1);
    expect_counts(chunks.count[LOC], 2, 2, 1);
    cr_expect_str_eq(chunks.type[PER], "per");
    cr_expect_str_eq(chunks.type[LOC], "loc");
    cr_expect_eq(rd_chunk_f1((RdChunkCount){0}), 0);
}

static bool apply(const char *const *tags, int count) {
    RdChunks other;
    cr_assert(rd_chunks_init(&other, tags, count));
    bool result = other.apply;
    rd_chunks_free(&other);
    return result;
}

Test(chunks, which_tags_mark_chunks) {
    cr_expect(chunks.apply);
    cr_expect(apply((const char *const[]){"B", "I", "O"}, 3));
    cr_expect(!apply((const char *const[]){"NOUN", "VERB", "X"}, 3));
    cr_expect(!apply((const char *const[]){"NN", "-LRB-", "B-per"}, 3));
    cr_expect(!apply((const char *const[]){"O", "<unk>"}, 2));
}

/* ---- against a plain reading ---- */

typedef struct {
    int from, to, type;
} Span;

/* The chunks of a sentence in B, I and O. */
static int read_spans(const int *tag, int length, Span *spans) {
    int count = 0;
    bool open = false;
    for (int i = 0; i < length; i++) {
        RdChunkTag t = chunks.tag[tag[i]];
        bool goes_on = open && t.mark == 'I' && spans[count - 1].type == t.type;
        if (t.mark != 'O' && !goes_on) spans[count++] = (Span){i, i, t.type};
        open = t.mark != 'O';
        if (goes_on) spans[count - 1].to = i;
    }
    return count;
}

Test(chunks, random_sentences) {
    RdRandom random = rd_random(7, 0);
    RdChunkCount expected = {0};
    for (int round = 0; round < 5000; round++) {
        int truth[MOST], predicted[MOST], length = 1 + (int)rd_random_below(&random, 12), right = 0;
        Span a[MOST], b[MOST];
        for (int i = 0; i < length; i++) {
            truth[i] = 1 + (int)rd_random_below(&random, 5);
            predicted[i] =
                rd_random_below(&random, 3) ? truth[i] : 1 + (int)rd_random_below(&random, 5);
            rd_chunks_word(&chunks, truth[i], predicted[i]);
        }
        rd_chunks_end(&chunks);
        int in_truth = read_spans(truth, length, a), in_answer = read_spans(predicted, length, b);
        for (int i = 0; i < in_truth; i++)
            for (int k = 0; k < in_answer; k++) right += memcmp(&a[i], &b[k], sizeof a[i]) == 0;
        expected.truths += in_truth;
        expected.predicted += in_answer;
        expected.right += right;
    }
    expect_counts(rd_chunks_all(&chunks), expected.truths, expected.predicted, expected.right);
    cr_expect_gt(expected.right, 1000);
}
