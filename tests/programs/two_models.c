/* Two models in one program: what their steps put out is what they put out as a whole, on several
 * threads at once; and what is wrong is said. two_models TAGGER FRAMES BROKEN */
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "tagger.h"

enum { WORDS = 6, FRAMES = 5, THREADS = 3 };
static const char sentence[] = "the rain in New Rome fell";
static const char *const words[WORDS] = {"the", "rain", "in", "New", "Rome", "fell"};

static void expect(bool right, const char *what) {
    if (right) return;
    fprintf(stderr, "two_models: %s\n", what);
    exit(1);
}

static bool near(const double *a, const double *b, int count) {
    for (int i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) < 1e-6 * fmax(1, fabs(b[i])))) return false;
    return true;
}

/* ---- words ---- */

static void step_words(const tagger *model, const tagger_answer *answer) {
    size_t size = tagger_state_size(model, WORDS);
    char *memory = malloc(size + 1);
    memset(memory, 0xff, size + 1);
    for (int again = 0; again < 2; again++) { /* also where no alignment is */
        tagger_error error;
        tagger_state *state = tagger_state_reset(model, WORDS, memory + 1);
        expect(state && tagger_step_get(state, 1).rows == 0, "no step was taken");
        expect(tagger_step(state, -1, &error) && tagger_step(state, 1 << 20, NULL),
               "no such token");
        for (int t = 0; t < WORDS; t++) {
            expect(tagger_step(state, tagger_token(model, words[t]), &error) == 0, error.text);
            for (int output = 0; output < tagger_outputs(model); output++) {
                tagger_output step = tagger_step_get(state, output);
                tagger_output whole = tagger_get(answer, output);
                expect(step.rows == 1 && step.columns == whole.columns, "a step has a row");
                expect(near(step.value, whole.value + t * whole.columns, whole.columns),
                       "a step of words is not the whole");
            }
        }
        expect(tagger_step(state, 0, &error) == -1 &&
                   !strcmp(error.text, "the state has no more than 6 steps"),
               error.text);
        expect(tagger_step_frame(state, (double[]){1}, 1, &error) == -1, "words are no frames");
    }
    free(memory);
}

static void *use_tagger(void *model) {
    tagger_error error;
    tagger_answer *answer;
    for (int i = 0; i < 10; i++) {
        expect(tagger_predict(model, sentence, &answer, &error) == 0, error.text);
        expect(tagger_get(answer, 0).rows == WORDS, "a tag for each word");
        step_words(model, answer);
        tagger_free(answer);
    }
    return NULL;
}

/* As `predict` prints it. */
static void print_tags(const tagger *model) {
    tagger_error error;
    tagger_answer *answer;
    expect(tagger_predict(model, sentence, &answer, &error) == 0, error.text);
    tagger_output tags = tagger_get(answer, 0);
    for (int t = 0; t < tags.rows; t++)
        printf("%s\t%s\n", words[t], tagger_name(model, 0, (int)tags.value[t]));
    putchar('\n');
    expect(!tagger_name(model, 0, 6) && !tagger_name(model, 2, 0), "no such name");
    expect(tagger_get(answer, 2).rows == 0, "no such output");
    tagger_free(answer);
}

/* ---- frames ---- */

static void use_frames(const frames *model) {
    double data[FRAMES][2];
    frames_error error;
    frames_answer *answer;
    for (int t = 0; t < FRAMES; t++) data[t][0] = t + 0.1, data[t][1] = t * t / 7.0;
    expect(frames_predict_frames(model, data[0], FRAMES, 2, &answer, &error) == 0, error.text);
    void *memory = malloc(frames_state_size(model, 1));
    frames_state *state = frames_state_reset(model, 1, memory);
    for (int t = 0; t < FRAMES; t++) {
        expect(frames_step_frame(state, data[t], 2, &error) == 0, error.text);
        for (int output = 0; output < 2; output++) {
            frames_output step = frames_step_get(state, output), whole = frames_get(answer, output);
            expect(near(step.value, whole.value + t * whole.columns, whole.columns),
                   "a step of frames is not the whole");
        }
    }
    expect(!strcmp(frames_name(model, 0, 1), "down"), "the second class");
    frames_free(answer);
    expect(frames_step_frame(state, data[0], 3, &error) == -1, "of the wrong width");
    expect(frames_step_frame(state, (double[]){1, NAN}, 2, &error) == -1, "not finite");
    expect(frames_step(state, 0, &error) == -1, "frames are no words");
    expect(frames_predict_frames(model, data[0], FRAMES, 3, &answer, &error) == -1 && !answer,
           "of the wrong width");
    expect(frames_predict_frames(model, data[0], 0, 2, &answer, &error) == -1, "no frames");
    expect(frames_predict(model, "1 2", &answer, &error) == -1, "frames are no text");
    free(memory);
}

/* ---- what is wrong ---- */

static void wrong(const tagger *model, char **files) {
    tagger_error error = {""};
    tagger_answer *answer;
    for (int i = 2; i <= 3; i++) {
        expect(!tagger_open(files[i], &error), "another model's file");
        expect(strncmp(error.text, files[i], strlen(files[i])) == 0, error.text);
    }
    expect(!tagger_open("nowhere", NULL), "no file");
    expect(tagger_predict(model, " ", &answer, &error) == -1 && !answer, "no words");
    expect(tagger_predict(model, "\xff", &answer, &error) == -1, "no UTF-8");
    expect(!strstr(error.text, "text 1"), error.text);
    expect(tagger_predict_frames(model, (double[]){1}, 1, 1, &answer, &error) == -1, "no text");
    expect(tagger_state_size(model, 0) == 0, "no steps");
    tagger_free(NULL);
    tagger_close(NULL);
}

int main(int count, char **arguments) {
    tagger_error error;
    frames_error frames_why;
    pthread_t thread[THREADS];
    expect(count == 4, "two_models TAGGER FRAMES BROKEN");
    tagger *tags = tagger_open(arguments[1], &error);
    expect(tags, error.text);
    frames *ways = frames_open(arguments[2], &frames_why);
    expect(ways, frames_why.text);
    for (int i = 0; i < THREADS; i++) pthread_create(&thread[i], NULL, use_tagger, tags);
    use_frames(ways);
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    wrong(tags, arguments);
    print_tags(tags);
    tagger_close(tags);
    frames_close(ways);
    return 0;
}
