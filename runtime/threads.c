#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SPIN_NANOSECONDS = 30000, SPINS_BETWEEN_LOOKS = 16, CACHE_LINE = 64 };

/* A job is open while `unclaimed` is above zero, and over when `unfinished` is zero. The plain
 * fields of the job are read only between the claim of an item and its finish, and are written only
 * when no job is open: the two counters are all the synchronization there is.
 *
 * A thread goes to sleep in three steps: it counts itself in, looks again, waits. Whoever changes a
 * counter looks for sleepers afterwards. All four accesses are sequentially consistent, so one of
 * the two sides sees the other. */
struct RdPool {
    _Alignas(CACHE_LINE) atomic_int unclaimed;
    _Alignas(CACHE_LINE) atomic_int unfinished;
    _Alignas(CACHE_LINE) atomic_int sleepers; /* workers that wait for a job */
    atomic_bool owner_sleeps;                 /* the owner waits for the end of one */
    atomic_bool stop;

    int items;
    void (*work)(void *context, int item);
    void *context;

    pthread_mutex_t lock; /* for sleeping and waking only */
    pthread_cond_t job, end;
    long spin; /* nanoseconds */
    int threads;
#ifdef __linux__
    bool pinned;       /* each thread to a core of its own */
    cpu_set_t allowed; /* the cores of the owner before that */
#endif
    pthread_t worker[RD_MAX_THREADS - 1];
};

/* ---- the machine ---- */

static void flush_denormals(void) {
#if defined __SSE2__
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040u);
#elif defined __aarch64__
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | UINT64_C(1) << 24));
#endif
}

static void relax(void) {
#if defined __SSE2__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

#ifdef __linux__

/* Cores that the control group's quota pays for, rounded up; `most` without a quota. */
static int quota_cores(int most) {
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file) return most;
    long quota, period;
    bool limited = fscanf(file, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0;
    fclose(file);
    if (!limited) return most;
    long cores = (quota + period - 1) / period;
    return cores < most ? (int)cores : most;
}

/* Whether two processors share a core. */
static bool shares_cores(void) {
    FILE *file = fopen("/sys/devices/system/cpu/smt/active", "re");
    if (!file) return false;
    bool active = getc(file) == '1';
    fclose(file);
    return active;
}

static int affinity_cores(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

#else

static int quota_cores(int most) { return most; }
static bool shares_cores(void) { return false; }
static int affinity_cores(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }

#endif

int rd_available_cores(void) {
    int processors = affinity_cores();
    int cores = quota_cores(shares_cores() ? (processors + 1) / 2 : processors);
    return cores < 1 ? 1 : cores > RD_MAX_THREADS ? RD_MAX_THREADS : cores;
}

/* ---- jobs ---- */

/* Claims an item of the open job; false when none is left. */
static bool claim(RdPool *pool, int *item) {
    int left = atomic_load(&pool->unclaimed);
    while (left > 0)
        if (atomic_compare_exchange_weak(&pool->unclaimed, &left, left - 1)) {
            *item = pool->items - left;
            return true;
        }
    return false;
}

static void finish(RdPool *pool) {
    if (atomic_fetch_sub(&pool->unfinished, 1) != 1 || !atomic_load(&pool->owner_sleeps)) return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->end);
    pthread_mutex_unlock(&pool->lock);
}

static void work_off(RdPool *pool) {
    for (int item; claim(pool, &item); finish(pool)) pool->work(pool->context, item);
}

static bool job_open(RdPool *pool) {
    return atomic_load(&pool->unclaimed) > 0 || atomic_load(&pool->stop);
}

static bool job_over(RdPool *pool) { return atomic_load(&pool->unfinished) == 0; }

/* Spins until `ready`, for as long as the pool allows. */
static bool spin_until(RdPool *pool, bool (*ready)(RdPool *)) {
    if (ready(pool)) return true;
    if (pool->spin == 0) return false;
    long end = now() + pool->spin;
    do {
        for (int i = 0; i < SPINS_BETWEEN_LOOKS; i++) {
            relax();
            if (ready(pool)) return true;
        }
    } while (now() < end);
    return false;
}

static void await_job(RdPool *pool) {
    if (spin_until(pool, job_open)) return;
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!job_open(pool)) pthread_cond_wait(&pool->job, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void await_end(RdPool *pool) {
    if (spin_until(pool, job_over)) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->owner_sleeps, true);
    while (!job_over(pool)) pthread_cond_wait(&pool->end, &pool->lock);
    atomic_store(&pool->owner_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

static void wake_workers(RdPool *pool) {
    if (atomic_load(&pool->sleepers) == 0) return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->job);
    pthread_mutex_unlock(&pool->lock);
}

void rd_parallel(RdPool *pool, int items, void (*work)(void *context, int item), void *context) {
    if (!pool || items < 2) {
        for (int item = 0; item < items; item++) work(context, item);
        return;
    }
    pool->items = items;
    pool->work = work;
    pool->context = context;
    atomic_store(&pool->unfinished, items);
    atomic_store(&pool->unclaimed, items);
    wake_workers(pool);
    work_off(pool);
    await_end(pool);
}

/* ---- the pool ---- */

#ifdef __linux__

/* Binds the owner to the first core it may use, the workers to those that follow. */
static void pin_all(RdPool *pool) {
    if (sched_getaffinity(0, sizeof pool->allowed, &pool->allowed)) return;
    pool->pinned = true;
    for (int cpu = 0, n = 0; cpu < CPU_SETSIZE && n < pool->threads; cpu++) {
        if (!CPU_ISSET(cpu, &pool->allowed)) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(n ? pool->worker[n - 1] : pthread_self(), sizeof one, &one);
        n++;
    }
}

static void unpin(RdPool *pool) {
    if (pool->pinned) sched_setaffinity(0, sizeof pool->allowed, &pool->allowed);
}

#else

static void pin_all(RdPool *pool) { (void)pool; }
static void unpin(RdPool *pool) { (void)pool; }

#endif

static void *worker(void *argument) {
    RdPool *pool = argument;
    flush_denormals();
    while (!atomic_load(&pool->stop)) {
        work_off(pool);
        await_job(pool);
    }
    return NULL;
}

/* Starts up to `count` workers; returns how many the system granted. */
static int start_workers(RdPool *pool, int count) {
    for (int i = 0; i < count; i++)
        if (pthread_create(&pool->worker[i], NULL, worker, pool)) return i;
    return count;
}

RdPool *rd_pool_new(int threads) {
    flush_denormals();
    if (threads > RD_MAX_THREADS) threads = RD_MAX_THREADS;
    RdPool *pool = threads > 1 ? aligned_alloc(CACHE_LINE, sizeof *pool) : NULL;
    if (!pool) return NULL;
    memset(pool, 0, sizeof *pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->job, NULL);
    pthread_cond_init(&pool->end, NULL);
    int cores = rd_available_cores();
    pool->spin = threads <= cores ? SPIN_NANOSECONDS : 0;
    pool->threads = 1 + start_workers(pool, threads - 1);
    if (pool->threads == cores && cores == affinity_cores()) pin_all(pool);
    return pool;
}

void rd_pool_free(RdPool *pool) {
    if (!pool) return;
    atomic_store(&pool->stop, true);
    wake_workers(pool);
    for (int i = 0; i < pool->threads - 1; i++) pthread_join(pool->worker[i], NULL);
    unpin(pool);
    pthread_cond_destroy(&pool->end);
    pthread_cond_destroy(&pool->job);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int rd_pool_threads(const RdPool *pool) { return pool ? pool->threads : 1; }
