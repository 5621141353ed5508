/* The thread pool behind rd_parallel: workers that spin briefly for the next job, then sleep.
 *
 * Calls may follow each other at once. Work must not call rd_parallel itself, and only the thread
 * that made the pool may use it. */
#ifndef RONDO_THREADS_H
#define RONDO_THREADS_H

#include "rondo.h"

enum { RD_MAX_THREADS = 64 };

/* A pool of `threads` threads, the calling one included; NULL when that is the calling thread
 * alone. Where the system grants fewer threads the pool is smaller, which changes no result. All
 * threads, the calling one too, flush denormal numbers to zero from then on. When the pool has as
 * many threads as the process has cores, each is bound to one; otherwise the system places them, so
 * that two programs side by side do not share a core. */
RdPool *rd_pool_new(int threads);

/* Ends the workers and frees the pool; the calling thread may run on any core again. NULL is fine.
 */
void rd_pool_free(RdPool *pool);

/* The cores this process may use, 1 to 64: from its affinity mask and its control group's quota,
 * two processors that share a core counted once. */
int rd_available_cores(void);

#endif
