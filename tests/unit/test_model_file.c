#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "model_file.h"
#include "sample_models.h"
#include "scratch.h"

TestSuite(model_file, .init = scratch_open, .fini = scratch_close);

static const char *const words[] = {"<unk>", "the", "film", "\"", "naïve", "\\"};
enum { WORDS = sizeof words / sizeof *words };

static RdLayout layout_of(const RdModel *model, const RdSaved *saved) {
    int sizes[RD_MAX_COLUMNS];
    rd_saved_vocab_sizes(saved, sizes);
    return rd_layout(model, sizes);
}

static RdVocab some_vocab(void) {
    RdVocab vocab;
    cr_assert(rd_vocab_from_text("<unk>\nthe\nfilm\n\"\nnaïve\n\\", &vocab, NULL));
    return vocab;
}

/* A model of `mood` with the first `stretches` stretches of random numbers. */
static RdSaved some_model(int stretches, uint64_t seed) {
    RdSaved saved = {0};
    saved.vocab[TEXT] = some_vocab();
    RdLayout layout = layout_of(&mood, &saved);
    for (int s = 0; s < stretches; s++) {
        saved.stretch[s] = rd_layout_zeros(&layout, &mood);
        rd_layout_init(&layout, &mood, seed + (uint64_t)s, saved.stretch[s]);
    }
    rd_layout_free(&layout);
    rd_saved_set(&saved, "epoch", "3");
    rd_saved_set(&saved, "history", "[{\"loss\": 0.25}]");
    rd_saved_set(&saved, "epoch", "4");
    return saved;
}

static bool save(const char *path, const RdSaved *saved, RdError *error) {
    RdAtomicFile file = rd_atomic_open(path);
    RdLayout layout = layout_of(&mood, saved);
    bool good = rd_model_save(&file, &mood, &layout, saved, error);
    rd_layout_free(&layout);
    rd_atomic_close(&file);
    return good;
}

static const char *save_some(const char *name) {
    RdSaved saved = some_model(1, 1);
    RdError error;
    const char *path = scratch_path(name);
    cr_assert(save(path, &saved, &error), "%s", error.text);
    rd_saved_free(&saved);
    return path;
}

static void expect_equal(const RdSaved *a, const RdSaved *b, int stretches) {
    RdLayout layout = layout_of(&mood, a);
    for (int s = 0; s < RD_STRETCHES; s++) {
        cr_assert_eq(b->stretch[s] != NULL, s < stretches);
        if (!b->stretch[s]) continue;
        cr_expect_eq((uintptr_t)b->stretch[s] % 64, 0);
        cr_expect_eq(memcmp(a->stretch[s], b->stretch[s], layout.count * sizeof(float)), 0);
    }
    rd_layout_free(&layout);
    cr_assert_eq(b->vocab[TEXT].size, WORDS);
    for (int i = 0; i < WORDS; i++) cr_expect_str_eq(b->vocab[TEXT].word[i], words[i]);
    cr_expect_eq(b->vocab[LABEL].size, 0);
    cr_expect_eq(b->entry_count, 2);
    cr_expect_str_eq(rd_saved_get(b, "epoch"), "4");
    cr_expect_str_eq(rd_saved_get(b, "history"), "[{\"loss\": 0.25}]");
    cr_expect_null(rd_saved_get(b, "nothing"));
}

/* ---- round trips ---- */

Test(model_file, round_trips) {
    static const int counts[] = {1, 2, 4}; /* weights; with the latest; with slots too */
    for (int i = 0; i < 3; i++) {
        RdSaved saved = some_model(counts[i], 1), loaded;
        RdError error;
        const char *path = scratch_path("m.safetensors");
        cr_assert(save(path, &saved, &error), "%s", error.text);
        cr_assert(rd_model_load(path, &mood, true, &loaded, &error), "%s", error.text);
        expect_equal(&saved, &loaded, counts[i]);
        rd_saved_free(&loaded);
        cr_assert(rd_model_load(path, &mood, false, &loaded, &error), "%s", error.text);
        expect_equal(&saved, &loaded, 1);
        rd_saved_free(&loaded);
        rd_saved_free(&saved);
        cr_expect_eq(scratch_count(), 1);
    }
}

Test(model_file, same_model_same_bytes) {
    size_t a_size, b_size;
    char *a = scratch_read(save_some("a"), &a_size), *b = scratch_read(save_some("b"), &b_size);
    cr_expect_eq(a_size, b_size);
    cr_expect_eq(memcmp(a, b, a_size), 0);
    free(a);
    free(b);
}

/* What Python's safetensors reads, checked by hand. */
Test(model_file, layout_of_the_file) {
    size_t size;
    char *bytes = scratch_read(save_some("m"), &size);
    uint64_t length;
    memcpy(&length, bytes, 8);
    cr_expect_eq(length % 8, 0);
    json_t *header = json_loadb(bytes + 8, length, 0, NULL), *shape, *type, *begin, *end;
    cr_assert(header);
    cr_assert_eq(json_unpack(json_object_get(header, "linear.weight"), "{s:o, s:o, s:[o, o]}",
                             "dtype", &type, "shape", &shape, "data_offsets", &begin, &end),
                 0);
    cr_expect_str_eq(json_string_value(type), "F32");
    cr_expect_eq(json_array_size(shape), 2);
    cr_expect_eq(json_integer_value(json_array_get(shape, 0)), 2);
    cr_expect_eq(json_integer_value(json_array_get(shape, 1)), 3);
    cr_expect_eq(json_integer_value(begin), 4 * 3 * WORDS);
    cr_expect_eq(json_integer_value(end), 4 * 3 * WORDS + 24);
    cr_expect_eq(json_array_size(json_object_get(json_object_get(header, "scale"), "shape")), 0);
    cr_expect_eq(size, 8 + length + 4 * (3 * WORDS + 6 + 2 + 1));
    float bias;
    memcpy(&bias, bytes + 8 + length + 4 * (3 * WORDS + 6), sizeof bias);
    cr_expect_eq(bias, 0.25f);
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(header, "__metadata__"), "rondo.model")),
        "mood");
    json_decref(header);
    free(bytes);
}

Test(model_file, through_a_symbolic_link) {
    const char *path = save_some("real"), *name = scratch_path("link");
    cr_assert_eq(symlink(path, name), 0);
    RdSaved saved = some_model(3, 9), loaded;
    cr_assert(save(name, &saved, NULL));
    struct stat status;
    cr_expect(lstat(name, &status) == 0 && S_ISLNK(status.st_mode));
    cr_assert(rd_model_load(path, &mood, true, &loaded, NULL));
    expect_equal(&saved, &loaded, 3);
    rd_saved_free(&loaded);
    rd_saved_free(&saved);
}

/* ---- saving that fails ---- */

static void expect_unsaved(const char *path, const char *message) {
    RdSaved saved = some_model(1, 1);
    RdError error;
    int before = scratch_count();
    cr_expect_not(rd_model_can_save(path, &error), "%s", path);
    cr_expect_str_eq(error.text, message);
    cr_expect_not(save(path, &saved, &error), "%s", path);
    cr_expect_str_eq(error.text, message);
    cr_expect_eq(scratch_count(), before);
    rd_saved_free(&saved);
}

static const char *text2(const char *format, const char *a, const char *b) {
    static char text[600];
    snprintf(text, sizeof text, format, a, b);
    return text;
}

Test(model_file, places_that_cannot_be_written) {
    const char *path = scratch_path("");
    expect_unsaved(path, text2("%s: is a directory; expected a file name", path, ""));
    path = scratch_path("none/m.safetensors");
    expect_unsaved(path, text2("%s: cannot write: the directory '%s' does not exist", path,
                               scratch_path("none")));
    path = scratch_text("file", "");
    path = scratch_path("file/m.safetensors");
    expect_unsaved(path, text2("%s: cannot write: the directory '%s' does not exist", path,
                               scratch_path("file")));
    expect_unsaved("/dev/full", "/dev/full: cannot write: No space left on device");
    expect_unsaved("/dev/null", "/dev/null: is not a regular file; expected a file name");
    expect_unsaved("", "'': is not a file name");
    path = scratch_path("pipe");
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_unsaved(path, text2("%s: is not a regular file; expected a file name", path, ""));
    struct stat status;
    cr_expect(stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode));
}

Test(model_file, read_only_directory) {
    if (geteuid() == 0) {
        scratch_close();
        cr_skip_test("root may write anywhere");
    }
    const char *path = scratch_path("m");
    chmod(scratch_path(""), 0500);
    expect_unsaved(path, text2("%s: cannot write in the directory '%s': Permission denied", path,
                               scratch_path("")));
}

/* A disk that is full after any number of bytes: the old file stays, nothing is beside it. */
Test(model_file, disk_full_at_any_byte) {
    const char *path = save_some("m");
    size_t size, again_size;
    char *before = scratch_read(path, &size);
    RdSaved saved = some_model(3, 5);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 0; limit < 2 * size; limit += 97) {
        struct rlimit old, now;
        RdError error;
        getrlimit(RLIMIT_FSIZE, &old);
        now = (struct rlimit){limit, old.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
        bool good = save(path, &saved, &error);
        setrlimit(RLIMIT_FSIZE, &old);
        cr_assert_not(good);
        cr_assert(strstr(error.text, "cannot write: File too large"), "%s", error.text);
        char *after = scratch_read(path, &again_size);
        cr_assert(again_size == size && memcmp(before, after, size) == 0);
        free(after);
    }
    cr_expect_eq(scratch_count(), 1);
    free(before);
    rd_saved_free(&saved);
}

Test(model_file, killed_at_any_moment) {
    const char *path = save_some("m");
    RdSaved first = some_model(3, 1), second = some_model(3, 50);
    cr_assert(save(path, &first, NULL));
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0)
            for (int k = 0;; k++) save(path, k % 2 ? &first : &second, NULL);
        usleep((useconds_t)(1000 + 137 * i));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        RdSaved loaded;
        RdError error;
        cr_assert(rd_model_load(path, &mood, true, &loaded, &error), "%s", error.text);
        float bias = loaded.stretch[RD_WEIGHTS][0];
        cr_assert(bias == first.stretch[RD_WEIGHTS][0] || bias == second.stretch[RD_WEIGHTS][0]);
        rd_saved_free(&loaded);
    }
    rd_saved_free(&first);
    rd_saved_free(&second);
}

Test(model_file, entries_that_cannot_be_saved) {
    RdSaved saved = some_model(1, 1);
    RdError error;
    const char *path = scratch_path("m");
    rd_saved_set(&saved, "note", "\xFF");
    cr_expect_not(save(path, &saved, &error));
    rd_saved_set(&saved, "note", "fine");
    rd_saved_set(&saved, "model", "other");
    cr_expect_not(save(path, &saved, &error));
    cr_expect_eq(scratch_count(), 0);
    rd_saved_free(&saved);
}

/* ---- files that are not what they should be ---- */

static void expect_unloaded(const char *path, const RdModel *model, const char *message) {
    RdSaved saved;
    RdError error;
    bool good = rd_model_load(path, model, true, &saved, &error);
    cr_expect_not(good, "expected%s", message);
    if (!good) {
        cr_expect_eq(strncmp(error.text, path, strlen(path)), 0, "%s", error.text);
        cr_expect(strstr(error.text + strlen(path), message), "%s\ninstead of\n%s", error.text,
                  message);
    }
    rd_saved_free(&saved);
}

Test(model_file, no_model_files) {
    expect_unloaded(scratch_path("none"), &mood, ": cannot open: No such file or directory");
    expect_unloaded(scratch_path(""), &mood, ": is a directory; expected a model file");
    expect_unloaded("/dev/null", &mood, ": is not a regular file; expected a model file");
    expect_unloaded(scratch_text("a", ""), &mood, ": is empty; expected a model file");
    expect_unloaded(scratch_text("b", "PK\3\4"), &mood, ": is not a safetensors file: 4 bytes");
    expect_unloaded(scratch_text("c", "PK\3\4 something zipped"), &mood,
                    ": is not a safetensors file");
    expect_unloaded(scratch_file("d", "\x08\0\0\0\0\0\0\0not json", 16), &mood,
                    ": is not a safetensors file: its header is not JSON");
    expect_unloaded(scratch_file("e", "\x02\0\0\0\0\0\0\0[]", 10), &mood,
                    ": is not a safetensors file: its header is not an object");
    expect_unloaded(
        scratch_file("f", "\xFF\x02\0\0\0\0\0\0{}", 10), &mood,
        ": is cut short, or not a safetensors file: 10 bytes, its header alone would have 767");
    expect_unloaded(scratch_file("g", "\x02\0\0\0\0\0\0\0{}", 10), &mood,
                    ": has no vocabulary and settings; expected a model file that 'train' wrote");
}

Test(model_file, cut_short_or_too_long) {
    size_t size;
    char *bytes = scratch_read(save_some("m"), &size);
    const char *path = scratch_file("cut", bytes, size);
    for (size_t cut = size; cut-- > 0;) {
        RdSaved saved;
        RdError error;
        cr_assert_eq(truncate(path, (off_t)cut), 0);
        cr_assert_not(rd_model_load(path, &mood, true, &saved, &error), "%zu bytes", cut);
        rd_saved_free(&saved);
    }
    expect_unloaded(scratch_file("a", bytes, size - 4), &mood,
                    ": is cut short: it has 104 bytes of tensors; its header says 108");
    expect_unloaded(scratch_file("b", bytes, size + 1), &mood,
                    ": is damaged: it has 109 bytes of tensors; its header says 108");
    free(bytes);
}

/* A file with this header and `size` bytes of tensors. */
static const char *file_with(const char *header, size_t size) {
    static int files;
    char name[20];
    sprintf(name, "h%d", files++);
    uint64_t length = strlen(header);
    char *bytes = calloc(8 + length + size, 1);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    const char *path = scratch_file(name, bytes, 8 + length + size);
    free(bytes);
    return path;
}

#define COLUMNS                                                                                   \
    "\"rondo.columns\":\"[{\\\"name\\\":\\\"label\\\",\\\"kind\\\":\\\"class\\\",\\\"target\\\":" \
    "true,\\\"classes\\\":[\\\"negative\\\",\\\"positive\\\"]},{\\\"name\\\":\\\"text\\\","       \
    "\\\"kind\\\":\\\"words\\\",\\\"target\\\":false}]\""

Test(model_file, damaged_headers) {
    static const struct {
        const char *header;
        size_t size;
        const char *message;
    } cases[] = {
        {"{\"a\":3}", 0, ": its tensor 'a' has no type, shape and place"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
         "'a' is not of type F32"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
         "has no valid shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4,
         "has no valid shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
         "has too many dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967297],\"data_offsets\":[0,4]}}", 4,
         "is too large"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}}", 4,
         "is too large"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
         "has another size than its shape says"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4,
         "has no valid place"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4,
         "has no valid place"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
         "its tensors overlap or have gaps between them"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, "its tensors overlap or have gaps between them"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "is cut short"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
         4, "its header is not JSON (duplicate object key"},
        {"{\"__metadata__\":[]}", 0, ": its metadata is not an object"},
        {"{\"__metadata__\":{\"a\":1}}", 0, ": its metadata 'a' is not a text"},
        {"{\"__metadata__\":{\"rondo.format\":\"99\"}}", 0,
         ": has the format '99'; this program reads '1'"},
        {"{\"__metadata__\":{\"rondo.format\":\"1\"}}", 0, ": its columns are damaged"},
        {"{\"__metadata__\":{\"rondo.format\":\"1\",\"rondo.columns\":\"[3,4]\"}}", 0,
         ": its columns are damaged"},
        {"{\"__metadata__\":{\"rondo.format\":\"1\",\"rondo.columns\":\"[]\"}}", 0,
         "it has 0 columns; expected 2"},
        {"{\"__metadata__\":{\"rondo.format\":\"1\"," COLUMNS "}}", 0,
         ": lacks the vocabulary of 'text'"},
        {"{\"__metadata__\":{\"rondo.format\":\"1\",\"rondo.words.text\":\"a\"," COLUMNS "}}", 0,
         ": column 'text': the vocabulary does not begin with <unk>"},
        {"{\"__metadata__\":{\"rondo.format\":\"1\",\"rondo.words.text\":\"<unk>\\na\"," COLUMNS
         "}}",
         0, ": does not fit this program: it has no tensor 'embedding.weight' [2, 3]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_unloaded(file_with(cases[i].header, cases[i].size), &mood, cases[i].message);
}

/* ---- files of other models ---- */

Test(model_file, other_models) {
    const char *path = save_some("m");
    RdColumn columns[] = {mood_columns[0], mood_columns[1]};
    RdParam params[] = {mood_params[0], mood_params[1], mood_params[2], mood_params[3],
                        mood_params[3]};
    RdModel other = mood;
    other.columns = columns;
    other.params = params;

    static const char *const classes[] = {"bad", "good"};
    columns[0].classes = classes;
    expect_unloaded(path, &other,
                    ": does not fit this program: the classes of 'label' are negative, positive"
                    " (2); expected bad, good (2)");
    columns[0] = mood_columns[0];
    columns[1].name = "sentence";
    other.name = "stance";
    expect_unloaded(path, &other,
                    ": is of the model 'mood', this program is 'stance': column 2 is the input"
                    " 'text' of words; expected the input 'sentence' of words");
    columns[1] = mood_columns[1];
    params[1].dims[1] = 4;
    expect_unloaded(path, &other,
                    ": is of the model 'mood', this program is 'stance': its tensor"
                    " 'linear.weight' is [2, 3]; expected [2, 4]");
    other.name = "mood";
    params[1] = mood_params[1];
    params[1].rank = 1;
    expect_unloaded(path, &other, "its tensor 'linear.weight' is [2, 3]; expected [2]");
    params[1] = mood_params[1];
    params[4].name = "gate.bias";
    other.param_count = 5;
    expect_unloaded(path, &other, ": does not fit this program: it has no tensor 'gate.bias' []");
    other.param_count = 3;
    expect_unloaded(
        path, &other,
        ": does not fit this program: it has a tensor 'scale' that the program does not");
    expect_unloaded(path, &tag, "is of the model 'mood', this program is 'tag': column 1 is");
    expect_unloaded(path, &topic, "it has 2 columns; expected 3");
}

/* A file that has some of the moments only. */
Test(model_file, stretch_with_a_gap) {
    RdSaved saved = some_model(3, 1);
    const char *path = scratch_path("m");
    cr_assert(save(path, &saved, NULL));
    rd_saved_free(&saved);
    size_t size;
    char *bytes = scratch_read(path, &size), *at = memmem(bytes, size, "exp_avg.scale", 13);
    cr_assert(at);
    memcpy(at, "exp_avg.scalx", 13);
    expect_unloaded(scratch_file("n", bytes, size), &mood,
                    "it has no tensor 'optimizer.exp_avg.scale' []");
    free(bytes);
}

/* Any byte may be wrong: it loads or it does not, but nothing else happens. */
Test(model_file, any_byte_changed) {
    size_t size;
    const char *path = save_some("m");
    char *bytes = scratch_read(path, &size);
    int fd = open(path, O_WRONLY);
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit += 3) {
            char changed = (char)(bytes[i] ^ (1 << bit));
            cr_assert_eq(pwrite(fd, &changed, 1, (off_t)i), 1);
            RdSaved saved;
            RdError error = {""};
            bool good = rd_model_load(path, &mood, true, &saved, &error);
            cr_expect(good || error.text[0]);
            rd_saved_free(&saved);
        }
        cr_assert_eq(pwrite(fd, bytes + i, 1, (off_t)i), 1);
    }
    close(fd);
    free(bytes);
}
