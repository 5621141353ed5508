#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data.h"
#include "sample_models.h"
#include "scratch.h"

TestSuite(data, .init = scratch_open, .fini = scratch_close);

static const RdReadOptions all = {.need_targets = true};
static const RdReadOptions inputs = {.need_targets = false};
static const RdReadOptions lenient = {.need_targets = true, .skip_bad = true};

static RdData read_good(const char *path, const RdModel *model, RdReadOptions options) {
    RdData data;
    RdError error;
    cr_assert(rd_data_read(path, model, options, &data, &error), "%s", error.text);
    return data;
}

/* "class: word word | class: word …" of a model with columns label and text. */
static const char *show(const RdData *data) {
    static char out[4096];
    char *at = out;
    *at = '\0';
    for (int i = 0; i < data->count; i++) {
        if (i) at += sprintf(at, " | ");
        if (data->has[LABEL]) at += sprintf(at, "%d:", data->number[LABEL][i]);
        const char *word = rd_first_word(data, TEXT, i);
        for (int k = 0; k < data->words[TEXT].word_count[i]; k++, word = rd_next_word(word))
            at += sprintf(at, "%s%s", k || data->has[LABEL] ? " " : "", word);
    }
    return out;
}

static void expect_data(const char *path, const RdModel *model, RdReadOptions options,
                        const char *expected) {
    RdData data = read_good(path, model, options);
    cr_expect_str_eq(show(&data), expected);
    rd_data_free(&data);
}

/* Reading fails; the message is the path and `message`. */
static void expect_error(const char *path, const RdModel *model, RdReadOptions options,
                         const char *message) {
    RdData data;
    RdError error;
    bool good = rd_data_read(path, model, options, &data, &error);
    cr_expect_not(good, "expected%s", message);
    if (!good) {
        cr_expect_eq(strncmp(error.text, path, strlen(path)), 0, "%s", error.text);
        if (strlen(error.text) >= strlen(path))
            cr_expect_str_eq(error.text + strlen(path), message);
    }
    rd_data_free(&data);
}

/* ---- formats ---- */

Test(data, label_and_text) {
    const char *path = scratch_text("a.tsv", "positive\tI like it.\nnegative\tnot \"good\"\n");
    expect_data(path, &mood, all, "1: i like it . | 0: not good");
    RdData data = read_good(path, &mood, all);
    cr_expect_eq(data.line[0], 1);
    cr_expect_eq(data.line[1], 2);
    cr_expect_str_eq(data.path, path);
    rd_data_free(&data);
}

Test(data, line_ends_marks_and_blank_lines) {
    expect_data(scratch_text("crlf.tsv", "\xEF\xBB\xBFpositive\tyes\r\n\r\n\nnegative\tno\r\n\r\n"),
                &mood, all, "1: yes | 0: no");
    expect_data(scratch_text("bom.csv", "\xEF\xBB\xBFlabel,text\r\npositive,yes"), &mood, all,
                "1: yes");
    expect_data(scratch_text("no-end.tsv", "positive\tyes\nnegative\tno"), &mood, all,
                "1: yes | 0: no");
    expect_data(scratch_text("blanks.tsv", " positive \t yes \n"), &mood, all, "1: yes");
}

Test(data, csv_quotes) {
    const char *path = scratch_text("a.csv",
                                    "label,text\r\n"
                                    "positive,\"yes, \"\"indeed\"\"\nit is\"\r\n"
                                    "\"negative\",5\" wide\n"
                                    "negative,\"\r\n\"\"no\"\"\"\n");
    RdData data = read_good(path, &mood, all);
    cr_expect_str_eq(show(&data), "1: yes , indeed it is | 0: 5 wide | 0: no");
    cr_expect_eq(data.line[0], 2);
    cr_expect_eq(data.line[1], 4);
    cr_expect_eq(data.line[2], 5);
    rd_data_free(&data);
}

Test(data, tsv_has_no_quotes) {
    expect_data(scratch_text("a.tsv", "positive\t\"yes\nnegative\tno\" it's\n"), &mood, all,
                "1: yes | 0: no it ' s");
}

Test(data, separator) {
    expect_data(scratch_text("tabs.txt", "positive\ta,b\n"), &mood, all, "1: a , b");
    expect_data(scratch_text("commas.txt", "positive,a b\n"), &mood, all, "1: a b");
    expect_data(scratch_text("tabs.CSV", "positive,a\tb\n"), &mood, all, "1: a b");
    expect_data(scratch_text("name.csv.gz", "positive,a\tb\n"), &mood, all, "1: a b");
    RdReadOptions csv = {.need_targets = true, .format = RD_FORMAT_CSV};
    expect_data(scratch_text("wrong.tsv", "positive,\"a\"\n"), &mood, csv, "1: a");
}

Test(data, gzip_whatever_its_name) {
    expect_data(scratch_gzip("a.tsv.gz", "positive\tyes\n"), &mood, all, "1: yes");
    expect_data(scratch_gzip("b.csv", "positive,yes\n"), &mood, all, "1: yes");
    expect_data(scratch_text("plain.tsv.gz", "positive\tyes\n"), &mood, all, "1: yes");
}

Test(data, standard_input) {
    int fd = open(scratch_gzip("in", "negative\tno\npositive\tyes\n"), O_RDONLY);
    cr_assert(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    RdData data = read_good("-", &mood, all);
    cr_expect_str_eq(show(&data), "0: no | 1: yes");
    cr_expect_str_eq(data.path, "standard input");
    rd_data_free(&data);
    close(fd);
}

Test(data, many_records) {
    enum { RECORDS = 20000 };
    char *text = malloc(RECORDS * 40), *at = text;
    for (int i = 0; i < RECORDS; i++)
        at += sprintf(at, "%s\tword%d and more\n", moods[i % 3 == 0], i);
    RdData data = read_good(scratch_gzip("many.tsv.gz", text), &mood, all);
    cr_assert_eq(data.count, RECORDS);
    for (int i = 0; i < RECORDS; i++) {
        char word[20];
        sprintf(word, "word%d", i);
        cr_assert_str_eq(rd_first_word(&data, TEXT, i), word);
        cr_assert_eq(data.number[LABEL][i], i % 3 == 0);
        cr_assert_eq(data.line[i], i + 1);
        cr_assert_eq(data.words[TEXT].word_count[i], 3);
    }
    rd_data_free(&data);
    free(text);
}

/* ---- which field is which column ---- */

Test(data, header) {
    const char *file = "id\ttext\tscore\tlabel\n7\tsome words\t0.5\tpositive\n";
    expect_data(scratch_text("a.tsv", file), &mood, all, "1: some words");
    expect_data(scratch_text("b.tsv", file), &mood, inputs, "some words");
    expect_data(scratch_text("c.csv", "text,id\nsome words,3\n"), &mood, inputs, "some words");
    expect_data(scratch_text("d.tsv", "text\nsome words\n"), &mood, inputs, "some words");
}

Test(data, order_of_the_model_or_of_the_classes) {
    expect_data(scratch_text("a.tsv", "yes it is\tpositive\nno\tnegative\n"), &mood, all,
                "1: yes it is | 0: no");
    /* both orders are possible: the model's is taken */
    expect_data(scratch_text("b.tsv", "positive\tnegative\n"), &mood, all, "1: negative");
    /* a bad class among many does not hide which field has the classes */
    expect_data(scratch_text("c.tsv", "a\tpositive\nb\tneutral\nc\tnegative\n"), &mood, lenient,
                "1: a | 0: c");
    /* the names of columns are also words */
    expect_data(scratch_text("d.tsv", "positive\ttext\n"), &mood, all, "1: text");
}

Test(data, two_columns_of_classes) {
    RdData data = read_good(scratch_text("a.tsv", "negative\tmusic\ta b\npositive\tsports\tc\n"),
                            &topic, all);
    cr_assert_eq(data.count, 2);
    cr_expect_eq(data.number[1][0], 2);
    cr_expect_eq(data.number[2][0], 0);
    cr_expect_eq(data.number[1][1], 0);
    cr_expect_eq(data.number[2][1], 1);
    cr_expect_str_eq(rd_first_word(&data, 0, 1), "c");
    cr_expect_null(data.number[0]);
    rd_data_free(&data);
    data = read_good(scratch_text("b.tsv", "negative\ta b\n"), &topic, inputs);
    cr_expect(data.has[0] && !data.has[1] && data.has[2]);
    cr_expect_null(data.number[1]);
    cr_expect_eq(data.number[2][0], 0);
    rd_data_free(&data);
}

Test(data, inputs_only) {
    expect_data(scratch_text("labelled.tsv", "positive\tyes\n"), &mood, inputs, "yes");
    expect_data(scratch_text("turned.tsv", "yes\tpositive\nno\tnegative\n"), &mood, inputs,
                "yes | no");
    expect_data(scratch_text("unknown.tsv", "fabulous\tyes\n"), &mood, inputs, "yes");
    expect_data(scratch_text("texts.tsv", "yes\nno\n"), &mood, inputs, "yes | no");
    expect_data(scratch_text("lines.txt", "Well, yes\n\"no\n"), &mood, inputs, "well , yes | no");
    expect_data(scratch_text("header.txt", "text\nno\n"), &mood, inputs, "text | no");
    RdReadOptions lines = {.format = RD_FORMAT_LINES};
    expect_data(scratch_text("tab.txt", "a\tb\n"), &mood, lines, "a b");
}

Test(data, kept_text) {
    RdReadOptions keep = {.keep_text = true};
    RdData data = read_good(scratch_text("a.txt", "  Well, \"yes\"\nno\n"), &mood, keep);
    cr_expect_str_eq(data.text[TEXT][0], "  Well, \"yes\"");
    cr_expect_str_eq(data.text[TEXT][1], "no");
    rd_data_free(&data);
}

Test(data, no_words_in_the_model) {
    RdData data = read_good(scratch_text("a.csv", "mood,topic\npositive,music\n"), &table, all);
    cr_expect_eq(data.number[0][0], 2);
    cr_expect_eq(data.number[1][0], 1);
    rd_data_free(&data);
}

Test(data, numbers) {
    RdData data = read_good(
        scratch_text("n.tsv", "size\ttext\tscore\n1 -2.5\ta b\t1e-3\n3,4\tc\t.5\n"), &score, all);
    const double sizes[] = {1, -2.5, 3, 4};
    cr_assert_eq(data.count, 2);
    cr_expect_eq(memcmp(data.real[1], sizes, sizeof sizes), 0);
    cr_expect(data.real[0][0] == 1e-3 && data.real[0][1] == 0.5);
    rd_data_free(&data);
}

Test(data, bad_numbers) {
    expect_error(scratch_text("a.tsv", "1\t2 3\ttext\n1\t2 x3\ttext\n"), &score, all,
                 ":2: column 'size': 'x3' is not a number");
    expect_error(scratch_text("b.tsv", "1\t2 3\ttext\n1\t2 3 4\ttext\n"), &score, all,
                 ":2: column 'size' has 3 numbers; expected 2");
    expect_error(scratch_text("c.tsv", "1\t2 3\ttext\n\t2 3\ttext\n"), &score, all,
                 ":2: column 'score' has 0 numbers; expected 1");
    expect_error(scratch_text("d.tsv", "1\t2 3\ttext\nnan\t2 3\ttext\n"), &score, all,
                 ":2: column 'score': 'nan' is not a number");
}

Test(data, long_texts_are_cut) {
    RdData data = read_good(
        scratch_text("a.tsv", "positive\t1 2 3 4 5 6 7 8\nnegative\t1 2 3 4 5 6 7 8 9 10\n"), &mood,
        all);
    cr_expect_str_eq(show(&data), "1: 1 2 3 4 5 6 7 8 | 0: 1 2 3 4 5 6 7 8");
    cr_expect_eq(data.words[TEXT].cut, 1);
    rd_data_free(&data);
    data = read_good(scratch_text("b.tsv", "a b c d e f\t1 2 3 4 5 6\nx\ty\n"), &tag, all);
    cr_expect_eq(data.words[0].word_count[0], 4); /* the least max_length of both */
    cr_expect_eq(data.words[1].word_count[0], 4);
    cr_expect_str_eq(rd_first_word(&data, 1, 1), "y");
    rd_data_free(&data);
}

/* ---- what is wrong ---- */

Test(data, bad_headers) {
    expect_error(scratch_text("a.tsv", "lable\ttext\npositive\tyes\n"), &mood, all,
                 ":1: the header has no column 'label'; is it 'lable'? needed: label, text");
    expect_error(
        scratch_text("b.csv", "id,text,stars\n1,yes,5\n"), &mood, all,
        ":1: the header has no column 'label'; it has: id, text, stars; needed: label, text");
    expect_error(scratch_text("c.csv", "Label,text\n"), &mood, all,
                 ":1: the header has no column 'label'; is it 'Label'? needed: label, text");
    expect_error(scratch_text("d.csv", "label,text,text\n"), &mood, all,
                 ":1: the header names the column 'text' twice");
    expect_error(scratch_text("e.csv", "label,words\npositive,yes\n"), &mood, inputs,
                 ":1: the header has no column 'text'; it has: label, words; needed: text");
    expect_error(scratch_text("f.csv", "id,words\n1,yes\n"), &mood, all,
                 ":1: unknown label 'id'; known: negative, positive (a header must name the columns"
                 " label, text)");
}

Test(data, bad_classes) {
    expect_error(scratch_text("a.tsv", "positive\tyes\npostive\tyes\n"), &mood, all,
                 ":2: unknown label 'postive', did you mean 'positive'? known: negative, positive");
    expect_error(scratch_text("b.tsv", "5\tyes\n"), &mood, all,
                 ":1: unknown label '5'; known: negative, positive (a header must name the columns"
                 " label, text)");
    expect_error(scratch_text("c.tsv", "positive\tyes\n\tyes\n"), &mood, all,
                 ":2: unknown label ''; known: negative, positive");
}

Test(data, bad_fields) {
    expect_error(scratch_text("a.tsv", "positive\tyes\nnegative\tno\tnever\n"), &mood, all,
                 ":2: 3 fields; expected 2: label, text, parted by tabs");
    expect_error(scratch_text("b.tsv", "positive\tyes\n\n\njust a text\n"), &mood, all,
                 ":4: 1 field; expected 2: label, text, parted by tabs");
    expect_error(scratch_text("c.csv", "label,text\npositive,yes,and more\n"), &mood, all,
                 ":2: 3 fields; expected 2 as in the header");
    expect_error(scratch_text("d.tsv", "positive\tyes\npositive\t \" \" ;\n"), &mood, all,
                 ":2: the text in column 'text' is empty; expected at least one word");
    expect_error(scratch_text("e.txt", "yes\n\nno\n"), &mood, inputs,
                 ":2: the text in column 'text' is empty; expected at least one word");
    expect_error(scratch_text("f.tsv", "a b\tx\n"), &tag, all,
                 ":1: column 'text' has 2 words, column 'tags' 1; expected equal numbers (a header"
                 " must name the columns text, tags)");
}

Test(data, bad_bytes) {
    expect_error(scratch_text("a.tsv", "positive\tyes\nnegative\tab\xE9 no\n"), &mood, all,
                 ":2: byte 12 (0xE9) is not valid UTF-8");
    expect_error(scratch_file("b.tsv", "positive\ty\0s\n", 13), &mood, all,
                 ":1: contains a NUL byte (byte 11); expected text");
    expect_error(scratch_file("c.tsv", "\xFF\xFEp\0o\0", 6), &mood, all,
                 ": is UTF-16 text; expected UTF-8: convert it with iconv -f UTF-16 -t UTF-8");
}

Test(data, bad_quotes) {
    expect_error(scratch_text("a.csv", "positive,yes\nnegative,\"no\npositive,yes\n"), &mood, all,
                 ":2: the quote that opens here is never closed");
    expect_error(
        scratch_text("b.csv", "positive,yes\nnegative,\"no\" never\n"), &mood, all,
        ":2: text follows a closing quote; expected a comma or the line's end (a quote inside"
        " quotes is written twice)");
    /* an open quote would swallow the rest of the file: not even skip_bad goes on */
    expect_error(scratch_text("c.csv", "positive,yes\nnegative,\"no\npositive,yes\n"), &mood,
                 lenient, ":2: the quote that opens here is never closed");
}

Test(data, bad_files) {
    expect_error(scratch_path("missing.tsv"), &mood, all,
                 ": cannot open: No such file or directory");
    expect_error(scratch_path(""), &mood, all, ": is a directory; expected a file of data");
    expect_error(scratch_text("empty.tsv", ""), &mood, all,
                 ": the file is empty; expected records of: label, text");
    expect_error(scratch_text("blank.tsv", "\n\r\n\n"), &mood, all,
                 ": the file is empty; expected records of: label, text");
    expect_error(scratch_gzip("empty.gz", ""), &mood, inputs,
                 ": the file is empty; expected records of: text");
    expect_error(scratch_text("header.csv", "label,text\n"), &mood, all,
                 ": there is no record after the header");
}

Test(data, damaged_gzip) {
    char text[20000] = "", *at = text;
    for (int i = 0; i < 800; i++) at += sprintf(at, "positive\tyes %d\n", i * i % 977);
    size_t size;
    char *bytes = scratch_read(scratch_gzip("good.gz", text), &size);
    char message[100];
    for (size_t cut = 20; cut < size; cut += 101) {
        RdData data;
        RdError error;
        const char *path = scratch_file("cut.gz", bytes, cut);
        cr_expect_not(rd_data_read(path, &mood, all, &data, &error), "cut to %zu bytes", cut);
        snprintf(message, sizeof message, "%s: the gzip file is damaged or cut short (after line",
                 "cut.gz");
        cr_expect(strstr(error.text, message), "cut to %zu bytes: %s", cut, error.text);
        rd_data_free(&data);
    }
    bytes[size / 2] ^= 0x55;
    RdData data;
    RdError error;
    cr_expect_not(rd_data_read(scratch_file("bad.gz", bytes, size), &mood, lenient, &data, &error));
    rd_data_free(&data);
    free(bytes);
}

/* ---- skip_bad ---- */

Test(data, skip_bad) {
    const char *path = scratch_file("a.tsv",
                                    "\xFF\n"
                                    "what\n"
                                    "positive\tyes\n"
                                    "good\tyes\n"
                                    "negative\t\n"
                                    "negative\tn\0\n"
                                    "negative\tno\n",
                                    sizeof "\xFF\nwhat\npositive\tyes\ngood\tyes\nnegative\t\nnegative\tn0\n"
                                           "negative\tno\n" - 1);
    RdData data = read_good(path, &mood, lenient);
    cr_expect_str_eq(show(&data), "1: yes | 0: no");
    cr_expect_eq(data.line[1], 7);
    cr_expect_eq(data.skipped, 5);
    cr_expect(strstr(data.first_skipped.text, ":1: byte 1 (0xFF) is not valid UTF-8"), "%s",
              data.first_skipped.text);
    rd_data_free(&data);
}

Test(data, skip_bad_csv) {
    const char *path = scratch_text(
        "a.csv", "label,text\npositive,\"a\"b\nnegative,no\n\"x\"y,\"1\n2\"\npositive,yes\n");
    RdData data = read_good(path, &mood, lenient);
    cr_expect_str_eq(show(&data), "0: no | 1: yes");
    cr_expect_eq(data.skipped, 2);
    rd_data_free(&data);
}

Test(data, many_bad_records_first) {
    char text[8000] = "", *at = text;
    for (int i = 0; i < 300; i++) at += sprintf(at, "bad \xFF\n");
    strcat(text, "yes\tpositive\nno\tnegative\n");
    RdData data = read_good(scratch_text("a.tsv", text), &mood, lenient);
    cr_expect_str_eq(show(&data), "1: yes | 0: no");
    cr_expect_eq(data.skipped, 300);
    rd_data_free(&data);
}

Test(data, nothing_is_left) {
    const char *path = scratch_text("a.tsv", "good\tyes\nbad\tno\n");
    char message[600];
    snprintf(message, sizeof message,
             ": none of the 2 records can be used; the first: %s:1: unknown label 'good'; known:"
             " negative, positive (a header must name the columns label, text)",
             path);
    expect_error(path, &mood, lenient, message);
}

/* ---- texts in memory ---- */

Test(data, texts) {
    const char *const texts[] = {"I did not enjoy it.", "Yes"};
    RdData data;
    RdError error;
    RdReadOptions keep = {.keep_text = true};
    cr_assert(rd_data_from_texts(texts, 2, &mood, keep, &data, &error));
    cr_expect_str_eq(show(&data), "i did not enjoy it . | yes");
    cr_expect_str_eq(data.text[TEXT][1], "Yes");
    rd_data_free(&data);
}

Test(data, bad_texts) {
    const char *const texts[] = {"fine", "\"\"", "\xFF"};
    RdData data;
    RdError error;
    cr_expect_not(rd_data_from_texts(texts, 2, &mood, inputs, &data, &error));
    cr_expect_str_eq(error.text,
                     "text 2: the text in column 'text' is empty; expected at least one word");
    rd_data_free(&data);
    cr_expect_not(rd_data_from_texts(texts + 2, 1, &mood, inputs, &data, &error));
    cr_expect_str_eq(error.text, "text 1: column 'text': byte 0 is not valid UTF-8");
    rd_data_free(&data);
    cr_expect_not(rd_data_from_texts(texts, 1, &topic, inputs, &data, &error));
    cr_expect_str_eq(error.text,
                     "the model has 2 inputs (text, mood); expected a file with these columns");
    rd_data_free(&data);
}

Test(data, real_files) {
    static const char *const neg_pos[] = {"neg", "pos"};
    RdColumn columns[] = {mood_columns[0], mood_columns[1]};
    columns[0].classes = neg_pos;
    columns[1].max_length = 256;
    RdModel model = {.name = "sst", .column_count = 2, .columns = columns};
    if (access(RONDO_DATA "/sst2/train.tsv", R_OK) != 0) {
        scratch_close();
        cr_skip_test("the real data is not here");
    }
    RdData data = read_good(RONDO_DATA "/sst2/train.tsv", &model, all);
    cr_expect_eq(data.count, 6920);
    cr_expect_eq(data.words[TEXT].cut, 0);
    rd_data_free(&data);
    data = read_good(RONDO_DATA "/imdb/train5k.tsv.gz", &model, all);
    cr_expect_eq(data.count, 5000);
    rd_data_free(&data);
}
