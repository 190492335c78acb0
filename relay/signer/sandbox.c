/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum status sandbox_start(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    (void)umask(077);
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        return STATUS_IO;
    }
    /* Also keeps other processes of the same user from reading our memory. */
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? STATUS_OK : STATUS_IO;
}

enum status sandbox_follow_parent(int parent)
{
    const pid_t before = parent != 0 ? parent : getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0) {
        return STATUS_IO;
    }
    /* It may have ended before the line above. */
    return getppid() == before ? STATUS_OK : STATUS_NOT_FOUND;
}

/* What any loop, the allocator, the C library's abort and its exit take. */
static const int calls_of_both[] = {
    SCMP_SYS(brk),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(close),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(getsockopt),
    SCMP_SYS(gettid),
    SCMP_SYS(lseek),
    SCMP_SYS(madvise),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(newfstatat),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(read),
    SCMP_SYS(recvfrom),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sendto),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
    SCMP_SYS(write),
    SCMP_SYS(writev),
};

/* LMDB's commits, and who asks. */
static const int calls_of_keys[] = {
    SCMP_SYS(accept4), SCMP_SYS(fdatasync), SCMP_SYS(fsync),    SCMP_SYS(ftruncate),
    SCMP_SYS(msync),   SCMP_SYS(munlock),   SCMP_SYS(pread64),  SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev), SCMP_SYS(unlink),    SCMP_SYS(unlinkat),
};

/* Connecting, and looking names up; besides, files that are only read. */
static const int calls_of_network[] = {
    SCMP_SYS(access),  SCMP_SYS(connect),     SCMP_SYS(faccessat),   SCMP_SYS(faccessat2),
    SCMP_SYS(geteuid), SCMP_SYS(getpeername), SCMP_SYS(getsockname), SCMP_SYS(getuid),
    SCMP_SYS(ioctl),   SCMP_SYS(prlimit64),   SCMP_SYS(recvmsg),     SCMP_SYS(sendmmsg),
    SCMP_SYS(sendmsg), SCMP_SYS(setsockopt),  SCMP_SYS(socket),      SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
};

/* Files that are read, and what libraries ask of the system. */
static const int calls_of_tokens[] = {
    SCMP_SYS(access),    SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(fstatfs),
    SCMP_SYS(getcwd),    SCMP_SYS(getdents64), SCMP_SYS(getegid),    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),    SCMP_SYS(getuid),     SCMP_SYS(ioctl),      SCMP_SYS(pread64),
    SCMP_SYS(prlimit64), SCMP_SYS(readlink),   SCMP_SYS(readlinkat), SCMP_SYS(statfs),
    SCMP_SYS(statx),     SCMP_SYS(sysinfo),    SCMP_SYS(uname),      SCMP_SYS(flock),
};

/* Nothing in this program makes these calls after start; who does is not this program any more. */
static const int deadly_to_both[] = {
    SCMP_SYS(socketpair),
    SCMP_SYS(listen),
    SCMP_SYS(clone),
    SCMP_SYS(clone3),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(io_uring_setup),
};

static const int deadly_to_keys[] = {
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int code = seccomp_rule_add(filter, action, calls[i], 0);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static int add_keys(scmp_filter_ctx filter)
{
    const int code = add_calls(filter, SCMP_ACT_ALLOW, calls_of_keys, COUNT_OF(calls_of_keys));

    return code != 0
               ? code
               : add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly_to_keys, COUNT_OF(deadly_to_keys));
}

/* Files are read, and none is written. */
static int add_reads(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp only_reads =
        SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &only_reads);
}

static int add_network(scmp_filter_ctx filter)
{
    const int code =
        add_calls(filter, SCMP_ACT_ALLOW, calls_of_network, COUNT_OF(calls_of_network));

    return code != 0 ? code : add_reads(filter);
}

/* A socket is refused and ends nobody: modules write to the system's log, or try to. */
static int add_token(scmp_filter_ctx filter)
{
    const int code = add_calls(filter, SCMP_ACT_ALLOW, calls_of_tokens, COUNT_OF(calls_of_tokens));

    return code != 0 ? code : add_reads(filter);
}

static int add_kind(scmp_filter_ctx filter, enum sandbox_kind kind)
{
    switch (kind) {
    case SANDBOX_KEYS:
        return add_keys(filter);
    case SANDBOX_NETWORK:
        return add_network(filter);
    case SANDBOX_TOKEN:
        return add_token(filter);
    }
    return -EINVAL;
}

static int add_rules(scmp_filter_ctx filter, enum sandbox_kind kind)
{
    int code = add_calls(filter, SCMP_ACT_ALLOW, calls_of_both, COUNT_OF(calls_of_both));

    if (code == 0) {
        code = add_calls(filter, SCMP_ACT_KILL_PROCESS, deadly_to_both, COUNT_OF(deadly_to_both));
    }
    if (code == 0) {
        code = add_kind(filter, kind);
    }
    if (code != 0) {
        return code;
    }
    /* Memory for the allocator and for LMDB, never memory that can be executed. */
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    code = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &not_executable);
    return code != 0 ? code
                     : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                              &not_executable);
}

enum status sandbox_close(enum sandbox_kind kind)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return STATUS_NO_MEMORY;
    }
    int code = add_rules(filter, kind);
    if (code == 0) {
        code = seccomp_load(filter);
    }
    seccomp_release(filter);
    return code == 0 ? STATUS_OK : STATUS_UNSUPPORTED;
}
