/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/sandbox.h"

#include <errno.h>
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

/* What the loop, LMDB's commits, the allocator, the C library's abort and its exit take. */
static const int calls_allowed[] = {
    SCMP_SYS(accept4),       SCMP_SYS(brk),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(close),         SCMP_SYS(exit),
    SCMP_SYS(exit_group),    SCMP_SYS(fcntl),
    SCMP_SYS(fdatasync),     SCMP_SYS(fstat),
    SCMP_SYS(fsync),         SCMP_SYS(ftruncate),
    SCMP_SYS(futex),         SCMP_SYS(getpid),
    SCMP_SYS(getrandom),     SCMP_SYS(getsockopt),
    SCMP_SYS(gettid),        SCMP_SYS(lseek),
    SCMP_SYS(madvise),       SCMP_SYS(mremap),
    SCMP_SYS(msync),         SCMP_SYS(munlock),
    SCMP_SYS(munmap),        SCMP_SYS(newfstatat),
    SCMP_SYS(poll),          SCMP_SYS(ppoll),
    SCMP_SYS(pread64),       SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),       SCMP_SYS(read),
    SCMP_SYS(recvfrom),      SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(sendto),
    SCMP_SYS(sigaltstack),   SCMP_SYS(tgkill),
    SCMP_SYS(unlink),        SCMP_SYS(unlinkat),
    SCMP_SYS(write),         SCMP_SYS(writev),
};

/* Nothing in this program makes these calls after start; who does is not this program any more. */
static const int calls_deadly[] = {
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
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

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int add_rules(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < COUNT_OF(calls_allowed); i++) {
        const int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls_allowed[i], 0);
        if (code != 0) {
            return code;
        }
    }
    for (size_t i = 0; i < COUNT_OF(calls_deadly); i++) {
        const int code = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls_deadly[i], 0);
        if (code != 0) {
            return code;
        }
    }
    /* Memory for the allocator and for LMDB, never memory that can be executed. */
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const int code =
        seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &not_executable);
    return code != 0 ? code
                     : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                              &not_executable);
}

enum status sandbox_close(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return STATUS_NO_MEMORY;
    }
    int code = add_rules(filter);
    if (code == 0) {
        code = seccomp_load(filter);
    }
    seccomp_release(filter);
    return code == 0 ? STATUS_OK : STATUS_UNSUPPORTED;
}
