/* Entering a host. The order is the safety: the cgroup first (limits hold from the start, and v2 refuses the move later), then the
 * lab's own uid (never root inside the lab's namespaces: between joining and changing uid, the lab's root could ptrace us),
 * then the namespaces. The lab's user namespace is owned by the base uid, which is why the base uid may join it. */
#define _GNU_SOURCE
#include "native.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long long start_time(long long pid)
{
	char path[64], line[1024];
	snprintf(path, sizeof path, "/proc/%lld/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return -1;
	ssize_t n = read(fd, line, sizeof line - 1);
	close(fd);
	if (n <= 0) return -1;
	line[n] = 0;
	char *at = strrchr(line, ')'); /* the command's name may hold anything */
	for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
	return at ? atoll(at + 1) : -1;
}

/* Moving a process takes a lock of all forks of the machine, for which the kernel waits a grace period (2 to 20 ms here), and for whoever
 * is just being refused a fork. Two ways need neither: a thread that moves itself (v1), and to be made in the cgroup (v2). */
static bool write_zero(const char *dir, const char *file)
{
	char path[4096];
	return snprintf(path, sizeof path, "%s/%s", dir, file) < (int)sizeof path && write_file(path, "0") == 0;
}

bool join_alone(const char *dir) { return write_zero(dir, "tasks"); } /* we have one thread */
static bool move_to(const char *dir) { return write_zero(dir, "cgroup.procs"); }

/* Goes on as a child of ours, whom we wait for. False when the kernel does not know how, or does not want to. */
static bool be_born_in(const char *dir)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), status;
	if (fd < 0) return false;
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	close(fd);
	if (pid <= 0) return pid == 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) die("wait");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

void enter_host(const struct entrance *e)
{
	static const char *names[] = { "user", "cgroup", "ipc", "uts", "net", "pid", "mnt" };
	int fds[7];
	for (int i = 0; i < 7; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%lld/ns/%s", e->pid, names[i]);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0) die("the host is not running (%s)", path);
	}
	errno = 0;
	if (start_time(e->pid) != e->started) die("the host is not running (its init has gone)");
	for (const char **dir = e->cgroups; *dir; dir++)
		if (!join_alone(*dir) && !be_born_in(*dir) && !move_to(*dir)) die("join cgroup %s", *dir);
	if (setgroups(0, NULL) < 0) die("setgroups");
	if (setresgid(e->uid, e->uid, e->uid) < 0) die("setresgid");
	if (setresuid(e->uid, e->uid, e->uid) < 0) die("setresuid");
	for (int i = 0; i < 7; i++) {
		bool is_user = strcmp(names[i], "user") == 0;
		bool wanted = e->user_only ? is_user : !e->net_only || is_user || strcmp(names[i], "net") == 0;
		if (wanted && setns(fds[i], 0) < 0) die("join the host's %s namespace", names[i]);
		close(fds[i]);
	}
	shield();
}

void shield(void)
{
	/* A change of credentials sets this to fs.suid_dumpable, which a machine may have set to 1. With 0, and a memory that belongs to the
	 * machine's user namespace (we executed there), the lab's root can neither trace us nor look into our /proc files. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) die("become undumpable");
}

/* What has no meaning in a user namespace, or only to attack the kernel, is not in the bounding set of anything in a lab. */
static const int denied_capabilities[] = { CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_BPF, CAP_PERFMON, CAP_MAC_ADMIN, CAP_MAC_OVERRIDE,
					   CAP_SYSLOG, CAP_AUDIT_CONTROL, CAP_AUDIT_READ, CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND };

static void limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit now;
	if (getrlimit(resource, &now) < 0) return;
	if (now.rlim_max != RLIM_INFINITY && hard > now.rlim_max) hard = now.rlim_max; /* raising may not be allowed (no CAP_SYS_RESOURCE) */
	if (soft > hard) soft = hard;
	struct rlimit wanted = { soft, hard };
	if (setrlimit(resource, &wanted) < 0) die("setrlimit %d", resource);
}

void limit_self(void)
{
	for (size_t i = 0; i < sizeof denied_capabilities / sizeof *denied_capabilities; i++)
		if (prctl(PR_CAPBSET_DROP, denied_capabilities[i], 0, 0, 0) < 0 && errno != EINVAL) die("drop capability %d", denied_capabilities[i]);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) die("clear ambient capabilities");
	/* What is dropped from the bounding set goes from our own sets too: exec would take it, but we may not exec. */
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) < 0) die("capget");
	for (size_t i = 0; i < sizeof denied_capabilities / sizeof *denied_capabilities; i++) {
		int c = denied_capabilities[i];
		data[c / 32].effective &= ~(1u << c % 32);
		data[c / 32].permitted &= ~(1u << c % 32);
	}
	data[0].inheritable = data[1].inheritable = 0;
	if (syscall(SYS_capset, &header, data) < 0) die("capset");
	limit(RLIMIT_NOFILE, 1024, 65536);
	limit(RLIMIT_CORE, 0, RLIM_INFINITY);
	limit(RLIMIT_MEMLOCK, 64 << 10, 64 << 10);
	limit(RLIMIT_MSGQUEUE, 819200, 819200);
	limit(RLIMIT_SIGPENDING, 4096, 4096);
	limit(RLIMIT_NICE, 0, 0);
	limit(RLIMIT_RTPRIO, 0, 0);
	umask(022);
}

struct text read_filter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) die("open seccomp filter %s", path);
	struct text t = { malloc((size_t)st.st_size), (size_t)st.st_size };
	if (!t.bytes || read(fd, t.bytes, t.size) != (ssize_t)t.size || t.size == 0 || t.size % sizeof(struct sock_filter)) die("read seccomp filter %s", path);
	close(fd);
	return t;
}

void load_filter(struct text program)
{
	struct sock_fprog filter = { (unsigned short)(program.size / sizeof(struct sock_filter)), (struct sock_filter *)(void *)program.bytes };
	/* We hold CAP_SYS_ADMIN in the lab's user namespace, so no_new_privs is not needed: su and sudo go on working in the lab. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0) die("load seccomp filter");
}

void close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) < 0) die("close_range");
}
