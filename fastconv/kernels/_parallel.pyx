"""Runs the tasks of a job on threads. The only file with OpenMP, and the only one that keeps scratch memory.

A task never writes where another one does, and no sum is split between tasks, so the number of threads and the order in
which they take the tasks change no bit of a result. The GIL is released; the thread that called looks for signals every
few milliseconds, between tasks, so Ctrl-C is honoured while a long call runs. Before a fork the OpenMP threads are let go:
libgomp's do not exist in the child, and a team that waits for them would wait for ever.
"""

from cython.parallel cimport prange, threadid
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.math cimport INFINITY

cdef extern from *:
    """
    #include <time.h>
    #ifdef _OPENMP
    #include <omp.h>
    #include <pthread.h>
    #define FC_OPENMP _OPENMP
    #else
    #define FC_OPENMP 0
    #define omp_get_max_threads() 1
    #endif
    #if defined(_OPENMP) && (_OPENMP >= 201811 || (__GNUC__ >= 9 && !defined(__clang__))) && !defined(_WIN32)
    static void fc_before_fork(void) { omp_pause_resource_all(omp_pause_hard); }
    static int fc_survive_fork(void) { return pthread_atfork(fc_before_fork, NULL, NULL); }
    #else
    static int fc_survive_fork(void) { return 0; }
    #endif
    #ifdef _OPENMP
    static void *fc_wait(void *gate) {
        pthread_mutex_lock(gate);
        pthread_mutex_unlock(gate);
        return NULL;
    }
    /* How many of `wanted` threads, the caller included, this process can have at once. */
    static int fc_prove_threads(int wanted) {
        pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
        pthread_t *thread = PyMem_RawMalloc((size_t)wanted * sizeof *thread);
        int made = 0;
        if (!thread) return 1;
        pthread_mutex_lock(&gate);
        while (made < wanted - 1 && pthread_create(&thread[made], NULL, fc_wait, &gate) == 0) made++;
        pthread_mutex_unlock(&gate);
        for (int i = 0; i < made; i++) pthread_join(thread[i], NULL);
        PyMem_RawFree(thread);
        return made + 1;
    }
    #else
    #define fc_prove_threads(wanted) 1
    #endif
    static double fc_seconds(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    }
    """
    enum:
        FC_OPENMP
    int omp_get_max_threads() noexcept nogil
    int fc_survive_fork() noexcept
    int fc_prove_threads(int wanted) noexcept
    double fc_seconds() noexcept nogil

cdef extern from "Python.h":
    int PyErr_CheckSignals()

# Seconds between two looks for signals.
cdef double LOOK = 0.02

# A team whose last thread comes later than LATE seconds and two tasks' time after the caller has nothing left to do was kept
# from a processor by another process. For a while the caller then works alone for the first PATIENCE of every call, and
# only what is left after that goes to the team: a short call no longer waits for the scheduler, a long one loses little. The
# while doubles with every late team, from CAUTION_LEAST to CAUTION_MOST seconds, and is forgotten when a team is on time.
cdef double LATE = 0.5e-3
cdef double CAUTION_LEAST = 5e-3
cdef double CAUTION_MOST = 0.2
cdef double PATIENCE = 2e-3
cdef double caution = CAUTION_LEAST
cdef double cautious_until = 0

cdef struct Watch:
    double now      # when the calling thread last ended a task
    double longest  # its longest task
    double next     # when to look for signals again
    int stop


cdef void look(Watch *watch) noexcept nogil:
    """Run pending signal handlers if it is time; on an exception, which stays set, ask every thread to stop."""
    cdef double now = fc_seconds()
    watch.longest = max(watch.longest, now - watch.now)
    watch.now = now
    if now < watch.next:
        return
    watch.next = now + LOOK
    with gil:
        if PyErr_CheckSignals() != 0:
            watch.stop = 1


# The largest team that was found to be possible. libgomp ends the process when it cannot have a thread it wants.
cdef int proven = 1


cdef int possible(int threads) noexcept:
    """Return `threads`, or as many as the system lets this process have."""
    global proven
    cdef int found
    if threads <= proven:
        return threads
    found = fc_prove_threads(threads)
    if found < threads:
        return max(found // 2, 1)  # leave room: what was free just now is not ours
    proven = threads
    return threads


cdef int run_tasks(task_t task, void *job, Py_ssize_t count, int threads, size_t scratch, bint brief=False) except -1:
    """Run task(job, 0 .. count-1, scratch) on up to `threads` threads; `brief` work keeps the GIL and does not look up."""
    global caution, cautious_until
    cdef Watch watch
    cdef Py_ssize_t i, done = 0
    cdef double now, alone_until
    cdef char *memory
    scratch = (scratch + 127) // 64 * 64  # whole cache lines, and one between two threads
    threads = possible(<int>max(min(threads, count), 1))
    memory = take(scratch * threads)
    if brief:
        for i in range(count):
            task(job, i, memory)
        give(memory)
        return 0
    watch.stop = 0
    watch.longest = 0
    with nogil:
        watch.now = fc_seconds()
        watch.next = watch.now + LOOK
        alone_until = INFINITY if threads == 1 else watch.now + PATIENCE if watch.now < cautious_until else 0
        while done < count and watch.now < alone_until and not watch.stop:
            task(job, done, memory)
            done += 1
            look(&watch)
        if done < count and not watch.stop:
            for i in prange(done, count, num_threads=threads, schedule="dynamic"):
                if not watch.stop:
                    task(job, i, memory + threadid() * scratch)
                    if threadid() == 0:
                        look(&watch)
            now = fc_seconds()
            if now - watch.now > LATE + 2 * watch.longest:
                cautious_until = now + caution
                caution = min(2 * caution, CAUTION_MOST)
            else:
                caution = CAUTION_LEAST
    give(memory)
    return -1 if watch.stop else 0


# Scratch of finished calls, kept so that the next call finds its pages mapped. The GIL guards it; a block knows its size.
cdef enum:
    HEADER = 64
    KEPT = 4
    LARGEST_KEPT = 8 << 20
cdef char *kept[KEPT]
cdef int kept_count = 0


cdef char *take(size_t size) except? NULL:
    """Return 64-byte aligned memory of at least `size` bytes."""
    global kept_count
    cdef int i
    cdef char *block
    for i in range(kept_count):
        if (<size_t *>kept[i])[0] >= size:
            block = kept[i]
            kept_count -= 1
            kept[i] = kept[kept_count]
            return block + HEADER
    if kept_count == KEPT:  # none of them fits: make room for the one that will
        kept_count -= 1
        PyMem_RawFree((<char **>kept[kept_count])[1])
    cdef char *raw = <char *>PyMem_RawMalloc(size + 2 * HEADER)
    if raw is NULL:
        raise MemoryError(f"fastconv: no memory for {size} bytes of scratch")
    block = raw + HEADER - <size_t>raw % HEADER
    (<size_t *>block)[0] = size
    (<char **>block)[1] = raw
    return block + HEADER


cdef void give(char *memory) noexcept:
    """Take back what `take` returned."""
    global kept_count
    cdef char *block = memory - HEADER
    if kept_count < KEPT and (<size_t *>block)[0] <= LARGEST_KEPT:
        kept[kept_count] = block
        kept_count += 1
    else:
        PyMem_RawFree((<char **>block)[1])


def openmp_version():
    """Return the OpenMP version the kernels were built with, 0 for none."""
    return FC_OPENMP


def openmp_threads():
    """Return how many threads the OpenMP runtime allows the calling thread now; threadpoolctl lowers it."""
    return omp_get_max_threads()


fc_survive_fork()
