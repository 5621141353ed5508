#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "threads.h"

enum { ITEMS = 1000 };

typedef struct {
    int runs[ITEMS];
    float tiny;
    float product[ITEMS];
} Job;

static void count_run(void *context, int item) { ((Job *)context)->runs[item]++; }

static void multiply_tiny(void *context, int item) {
    Job *job = context;
    volatile float tiny = job->tiny;
    job->product[item] = tiny * 0.5f;
}

static void check_every_item(int threads, int items, int repeats) {
    RdPool *pool = rd_pool_new(threads);
    Job job = {0};
    for (int i = 0; i < repeats; i++) rd_parallel(pool, items, count_run, &job);
    for (int i = 0; i < ITEMS; i++)
        cr_expect_eq(job.runs[i], i < items ? repeats : 0, "item %d of %d ran %d times", i, items,
                     job.runs[i]);
    rd_pool_free(pool);
}

Test(threads, each_item_runs_once_a_job) {
    for (int threads = 1; threads <= 8; threads++) check_every_item(threads, ITEMS, 100);
}

Test(threads, jobs_of_few_items) {
    for (int items = 0; items < 5; items++) check_every_item(3, items, 2000);
}

Test(threads, no_pool_is_one_thread) {
    Job job = {0};
    rd_parallel(NULL, 7, count_run, &job);
    cr_expect_eq(job.runs[6], 1);
    cr_expect_eq(rd_pool_threads(NULL), 1);
    cr_expect_null(rd_pool_new(1));
}

Test(threads, workers_wake_from_sleep) {
    RdPool *pool = rd_pool_new(4);
    cr_expect_eq(rd_pool_threads(pool), 4);
    Job job = {0};
    for (int i = 0; i < 20; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* far beyond the spin */
        rd_parallel(pool, 50, count_run, &job);
    }
    for (int i = 0; i < 50; i++) cr_expect_eq(job.runs[i], 20);
    rd_pool_free(pool);
}

Test(threads, denormals_flush_in_every_thread) {
    RdPool *pool = rd_pool_new(4);
    Job job = {.tiny = 1.2e-38f};
    for (int i = 0; i < 100; i++) {
        rd_parallel(pool, ITEMS, multiply_tiny, &job);
        for (int j = 0; j < ITEMS; j++) cr_assert_eq(job.product[j], 0.0f);
    }
    rd_pool_free(pool);
}

Test(threads, more_threads_than_the_limit) {
    RdPool *pool = rd_pool_new(1000);
    cr_expect_leq(rd_pool_threads(pool), RD_MAX_THREADS);
    rd_pool_free(pool);
    rd_pool_free(NULL);
}

Test(threads, cores_are_counted) {
    int cores = rd_available_cores();
    cr_expect(cores >= 1 && cores <= RD_MAX_THREADS);
}
