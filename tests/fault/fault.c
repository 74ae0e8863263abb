/* A disk that fails when it is told to: preloaded into a node, it stands between it and every call that changes
 * storage under one folder, those of its libraries included.
 *
 * Environment:
 *   FAULT_DIR      the folder, absolute and without links; calls elsewhere pass
 *   FAULT_CONTROL  a file of 4096 bytes, shared with the story: struct control
 *   FAULT_LOG      optional: every call that succeeded is written there, for a story that cuts the power
 *
 * Modes:
 *   count  nothing happens; calls are counted
 *   kill   the process dies instead of making call `at`
 *   torn   as kill, but if call `at` writes, its first half is written
 *   fail   call `at` fails with EIO; if it writes, its first half is written, if it syncs, nothing is synced and what
 *          was to be synced is lost, as Linux does
 *   full   from call `at` on, whatever takes room fails with ENOSPC until the story disarms
 *   scarce the disk says that it has no room left, and takes what is written all the same
 *
 * The log, little endian: op:u8 a:u64 b:u64 c:u64 length:u32 bytes. Files and folders go by inode number.
 *   1 write   a=file b=offset, bytes            5 unlink  a=folder, name
 *   2 length  a=file b=length                   6 rename  a=from folder b=to folder, from NUL to
 *   3 synced  a=file or folder                  7 not synced, and lost: a=file or folder
 *   4 created a=folder b=inode c=1 for a folder, name
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, KILL, TORN, FAIL, FULL, SCARCE };
enum kind { WRITES, GROWS, SYNCS, OTHER };
enum { GO = 0, HALF = -1 };

struct control {
    volatile uint32_t armed, mode;
    volatile uint64_t at, count, hits;
    volatile uint32_t busy, unused; /* armed = 2: calls wait for ever, so that the process can be ended between two */
    char what[504];
};

static struct control *control;
static const char *dir;
static size_t dir_length;
static int log_fd = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_CONTROL"), *log = getenv("FAULT_LOG");
    dir = getenv("FAULT_DIR");
    if (!path || !dir) { dir = NULL; return; }
    dir_length = strlen(dir);
    int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) abort();
    control = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED) abort();
    REAL(close)(fd);
    if (log) {
        log_fd = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_fd < 0) abort();
    }
    unsetenv("LD_PRELOAD");
}

static int under(const char *path) {
    return dir && strncmp(path, dir, dir_length) == 0 && (path[dir_length] == '/' || path[dir_length] == 0);
}

/* The whole path of a file, if it is a file or folder of ours. */
static int watched(int fd, char *path, struct stat *st) {
    if (!dir || fstat(fd, st) || !(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return under(path);
}

/* The whole path of a name, if it is below our folder. */
static int ours(int at, const char *name, char *path) {
    if (!dir || !name) return 0;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else {
        char link[64], base[PATH_MAX];
        if (at == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t n = readlink(link, base, sizeof base - 1);
        if (n < 0) return 0;
        base[n] = 0;
        if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX) return 0;
    }
    return under(path);
}

static uint64_t inode(const char *path) {
    struct stat st;
    return lstat(path, &st) ? 0 : st.st_ino;
}

static const char *last(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static uint64_t folder(const char *path) {
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%.*s", (int)(last(path) - path - 1), path);
    return inode(parent);
}

static void put(const void *bytes, size_t length) {
    const char *at = bytes;
    while (length) {
        ssize_t n = REAL(write)(log_fd, at, length);
        if (n <= 0) abort();
        at += n;
        length -= (size_t)n;
    }
}

static void note(uint8_t op, uint64_t a, uint64_t b, uint64_t c, const void *bytes, size_t length) {
    if (log_fd < 0) return;
    char head[29];
    uint32_t n = (uint32_t)length;
    head[0] = (char)op;
    memcpy(head + 1, &a, 8);
    memcpy(head + 9, &b, 8);
    memcpy(head + 17, &c, 8);
    memcpy(head + 25, &n, 4);
    put(head, sizeof head);
    put(bytes, length);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Takes the lock; says what is to become of the call: GO, HALF (write half, then die), or an error number. */
static int enter(enum kind kind, const char *name, const char *path) {
    pthread_mutex_lock(&mutex);
    __atomic_store_n(&control->busy, 1, __ATOMIC_SEQ_CST);
    uint32_t armed = __atomic_load_n(&control->armed, __ATOMIC_SEQ_CST);
    if (armed == 2) {
        __atomic_store_n(&control->busy, 0, __ATOMIC_SEQ_CST);
        for (;;) pause();
    }
    if (!armed) return GO;
    uint64_t n = ++control->count;
    int hit = control->mode == FULL ? n >= control->at && (kind == WRITES || kind == GROWS)
                                    : control->mode != COUNT && control->mode != SCARCE && n == control->at;
    if (!hit) return GO;
    if (control->hits++ == 0) snprintf(control->what, sizeof control->what, "%s %s", name, path + dir_length);
    switch (control->mode) {
    case KILL: die(); return GO;
    case TORN: if (kind != WRITES) die(); return HALF;
    case FULL: return ENOSPC;
    default: return EIO;
    }
}

static void leave(void) {
    int error = errno;
    __atomic_store_n(&control->busy, 0, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&mutex);
    errno = error;
}

/* ---- writing ---- */

static ssize_t store(int fd, const void *bytes, size_t length, off_t at, int moves, const char *path, uint64_t ino,
                     const char *name) {
    int act = enter(WRITES, name, path);
    if (act != GO) {
        size_t half = act == ENOSPC ? 0 : length / 2;
        if (half) {
            ssize_t n = REAL(pwrite64)(fd, bytes, half, at);
            if (n > 0) note(1, ino, (uint64_t)at, 0, bytes, (size_t)n);
        }
        if (act == HALF) die();
        leave();
        errno = act;
        return -1;
    }
    ssize_t n = moves ? REAL(write)(fd, bytes, length) : REAL(pwrite64)(fd, bytes, length, at);
    if (n > 0) note(1, ino, (uint64_t)at, 0, bytes, (size_t)n);
    leave();
    return n;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char path[PATH_MAX];
    struct stat st;
    if (!watched(fd, path, &st)) return REAL(write)(fd, bytes, length);
    off_t at = (fcntl(fd, F_GETFL) & O_APPEND) ? st.st_size : lseek(fd, 0, SEEK_CUR);
    return store(fd, bytes, length, at, 1, path, st.st_ino, "write");
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
    char path[PATH_MAX];
    struct stat st;
    if (!watched(fd, path, &st)) return REAL(pwrite64)(fd, bytes, length, at);
    return store(fd, bytes, length, at, 0, path, st.st_ino, "pwrite");
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    char path[PATH_MAX];
    struct stat st;
    if (!watched(fd, path, &st)) return REAL(writev)(fd, pieces, count);
    for (int i = 0; i < count; i++) /* a short write is allowed */
        if (pieces[i].iov_len) return write(fd, pieces[i].iov_base, pieces[i].iov_len);
    return 0;
}

int ftruncate64(int fd, off_t length) {
    char path[PATH_MAX];
    struct stat st;
    if (!watched(fd, path, &st)) return REAL(ftruncate64)(fd, length);
    int act = enter(length > st.st_size ? GROWS : OTHER, "ftruncate", path);
    if (act != GO) { leave(); errno = act; return -1; }
    int done = REAL(ftruncate64)(fd, length);
    if (!done) note(2, st.st_ino, (uint64_t)length, 0, NULL, 0);
    leave();
    return done;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

/* ---- syncing ---- */

static int sync_by(int fd, int (*how)(int), const char *name) {
    char path[PATH_MAX];
    struct stat st;
    if (!watched(fd, path, &st)) return how(fd);
    int act = enter(SYNCS, name, path);
    if (act != GO) {
        note(7, st.st_ino, 0, 0, NULL, 0);
        leave();
        errno = act;
        return -1;
    }
    /* The disk's own sync is left out: what it would keep is what the log says. */
    note(3, st.st_ino, 0, 0, NULL, 0);
    leave();
    return 0;
}
int fsync(int fd) { return sync_by(fd, REAL(fsync), "fsync"); }
int fdatasync(int fd) { return sync_by(fd, REAL(fdatasync), "fdatasync"); }

int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags) {
    char path[PATH_MAX];
    struct stat st;
    if (!watched(fd, path, &st)) return REAL(sync_file_range)(fd, offset, bytes, flags);
    int act = enter(OTHER, "sync_file_range", path); /* promises nothing for a power cut */
    leave();
    if (act != GO) { errno = act; return -1; }
    return 0;
}

/* ---- names ---- */

static int open_by(int at, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !ours(at, name, path)) return REAL(openat64)(at, name, flags, mode);
    struct stat st;
    int is_new = lstat(path, &st) != 0;
    if (!is_new && !(flags & O_TRUNC)) return REAL(openat64)(at, name, flags, mode);
    int act = enter(is_new ? GROWS : OTHER, is_new ? "create" : "truncate", path);
    if (act != GO) { leave(); errno = act; return -1; }
    int fd = REAL(openat64)(at, name, flags, mode);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        if (is_new) note(4, folder(path), st.st_ino, 0, last(path), strlen(last(path)));
        else note(2, st.st_ino, 0, 0, NULL, 0);
    }
    leave();
    return fd;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }
int open(const char *name, int flags, ...) { MODE(flags, mode) return open_by(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags, mode) return open_by(AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags, mode) return open_by(at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags, mode) return open_by(at, name, flags, mode); }

int mkdirat(int at, const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!ours(at, name, path) || inode(path)) return REAL(mkdirat)(at, name, mode);
    int act = enter(GROWS, "mkdir", path);
    if (act != GO) { leave(); errno = act; return -1; }
    int done = REAL(mkdirat)(at, name, mode);
    if (!done) note(4, folder(path), inode(path), 1, last(path), strlen(last(path)));
    leave();
    return done;
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int unlinkat(int at, const char *name, int flags) {
    char path[PATH_MAX];
    if (!ours(at, name, path) || !inode(path)) return REAL(unlinkat)(at, name, flags);
    int act = enter(OTHER, "unlink", path);
    if (act != GO) { leave(); errno = act; return -1; }
    int done = REAL(unlinkat)(at, name, flags);
    if (!done) note(5, folder(path), 0, 0, last(path), strlen(last(path)));
    leave();
    return done;
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char a[PATH_MAX], b[PATH_MAX];
    if (!ours(from_at, from, a) || !ours(to_at, to, b) || !inode(a))
        return REAL(renameat2)(from_at, from, to_at, to, flags);
    int act = enter(OTHER, "rename", b);
    if (act != GO) { leave(); errno = act; return -1; }
    int done = REAL(renameat2)(from_at, from, to_at, to, flags);
    if (!done) {
        char names[2 * NAME_MAX + 2];
        int n = snprintf(names, sizeof names, "%s%c%s", last(a), 0, last(b));
        note(6, folder(a), folder(b), 0, names, (size_t)n);
    }
    leave();
    return done;
}
int renameat(int from_at, const char *from, int to_at, const char *to) { return renameat2(from_at, from, to_at, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int statvfs64(const char *name, struct statvfs64 *out) {
    char path[PATH_MAX];
    int done = REAL(statvfs64)(name, out);
    if (!done && ours(AT_FDCWD, name, path)) {
        pthread_mutex_lock(&mutex);
        if (control->armed && control->mode == SCARCE) {
            control->hits++;
            out->f_bavail = 0;
        }
        leave();
    }
    return done;
}
int statvfs(const char *name, struct statvfs *out) { return statvfs64(name, (struct statvfs64 *)out); }

/* What the node does not use would escape the log: it fails loudly. */
#define REFUSED(result, name, parameters, fd) \
    result name parameters { \
        char path[PATH_MAX]; \
        struct stat st; \
        if (watched(fd, path, &st)) abort(); \
        errno = ENOSYS; \
        return -1; \
    }
REFUSED(ssize_t, copy_file_range, (int in, off64_t *a, int out, off64_t *b, size_t n, unsigned f), (((void)in, (void)a, (void)b, (void)n, (void)f), out))
REFUSED(int, fallocate64, (int fd, int mode, off64_t at, off64_t n), (((void)mode, (void)at, (void)n), fd))
