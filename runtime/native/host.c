/* Making a host. Four processes: the broker's child (root) prepares what the host will see in a mount namespace of its own; its child
 * becomes the lab's base uid and only then makes the user namespace, which the base uid therefore owns; its child is pid 1 of the host, builds the
 * host's view, leaves everything else behind and executes itself as `init`. Mounts that were there before the user namespace
 * are locked: the lab's root cannot change their flags or take them away. */
#define _GNU_SOURCE
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UIDS = 65536 };

static void map_ids(pid_t pid, long long inside, long long outside)
{
	static const char *files[] = { "gid_map", "uid_map" };
	for (int i = 0; i < 2; i++) {
		char path[64], line[64];
		snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
		snprintf(line, sizeof line, "%lld %lld %d\n", inside, outside, UIDS);
		if (write_file(path, line) < 0) die("write %s", path);
	}
}

static void receive(int fd, const char *what)
{
	char byte;
	errno = 0;
	if (read(fd, &byte, 1) != 1) die("%s", what);
}

static void tell(int fd)
{
	if (write_all(fd, "x", 1) < 0) die("tell");
}

/* A user namespace that only says how ids on disk appear: store uid s+n is the lab's uid b+n. */
static int idmap_namespace(long long store, long long base)
{
	int ready[2];
	if (pipe2(ready, O_CLOEXEC) < 0) die("pipe");
	pid_t pid = fork();
	if (pid < 0) die("fork");
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0) die("user namespaces are not available");
		tell(ready[1]);
		for (;;) pause();
	}
	close(ready[1]);
	receive(ready[0], "the idmap process ended");
	close(ready[0]);
	map_ids(pid, store, base);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) die("open %s", path);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

/* trees: source, target, attributes to set and to clear, whether idmapped */
static void mount_trees(struct config *c, int idmap)
{
	for (long long left = config_number(c); left > 0; left--) {
		const char *source = config_string(c), *target = config_string(c);
		uint64_t set = (uint64_t)config_number(c), clear = (uint64_t)config_number(c);
		bool mapped = config_number(c) != 0;
		if (mount_tree(source, target, set, clear, mapped ? idmap : -1) < 0) die("mount %s for the host", source);
	}
}

/* Whom somebody else moves: only on v2, elsewhere it has moved itself. */
static void move_to_cgroups(const char **dirs, pid_t pid)
{
	char number[32];
	snprintf(number, sizeof number, "%d", pid);
	for (const char **dir = dirs; *dir; dir++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/tasks", *dir);
		if (access(path, F_OK) == 0) continue;
		snprintf(path, sizeof path, "%s/cgroup.procs", *dir);
		if (write_file(path, number) < 0) die("join cgroup %s", *dir);
	}
}

static void join_cgroups(const char **dirs)
{
	for (const char **dir = dirs; *dir; dir++)
		if (!join_alone(*dir) && errno != ENOENT) die("join cgroup %s", *dir);
}

static _Noreturn void become_init(struct config *inner, const struct tools *tools, int self, int ready)
{
	char why[4096] = "";
	if (setsid() < 0) die("setsid");
	if (!steps_run(inner, tools, true, why, sizeof why)) {
		errno = 0;
		die("%s", why);
	}
	limit_self();
	int null = open("/dev/null", O_RDWR);
	if (null < 0) die("open /dev/null");
	/* stderr stays until the very end, so that a failure is told */
	dup2(null, 0);
	dup2(null, 1);
	static const char *argv[] = { "/sbin/init", "init", NULL }, *env[] = { NULL };
	tell(ready);
	dup2(null, 2);
	/* Executing ourselves gives init an ordinary memory of the lab's own: /proc/1 is as readable there as on any host. */
	syscall(SYS_execveat, self, "", argv, env, AT_EMPTY_PATH);
	_exit(1);
}

/*
 * A user namespace remembers the limit on processes of who made it, and holds everybody in it to that, together; a process's own limit stays as it was.
 * The lab's cgroup has the same limit, but is asked last: a refused fork has then done nearly all its work, and held a lock that whoever enters any cgroup of
 * the machine must wait for. A fork bomb of 500 made that seconds. https://man7.org/linux/man-pages/man2/getrlimit.2.html (RLIMIT_NPROC)
 */
static void limit_processes(long long pids)
{
	struct rlimit before;
	if (getrlimit(RLIMIT_NPROC, &before) < 0) die("getrlimit");
	struct rlimit lower = { (rlim_t)pids < before.rlim_max ? (rlim_t)pids : before.rlim_max, before.rlim_max };
	if (setrlimit(RLIMIT_NPROC, &lower) < 0) die("setrlimit");
	if (unshare(CLONE_NEWUSER) < 0) die("unshare user");
	if (setrlimit(RLIMIT_NPROC, &before) < 0) die("setrlimit");
}

int host_main(struct config *c)
{
	long long base = config_number(c), store = config_number(c), pids = config_number(c);
	const char *stage = config_string(c);
	const char **root_cgroups = config_list(c, NULL); /* the root of the host's cgroup namespace */
	const char **leaf_cgroups = config_list(c, NULL); /* where its processes live */
	struct text filter = read_filter(config_string(c));
	struct config outer = steps_skip(c);
	struct config trees = steps_skip(c);
	struct config inner = steps_skip(c);
	struct tools no_tools = { -1, NULL };
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0) die("open self");
	errno = 0;
	if (base < 65536 || store < 65536) die("configuration: uids of a lab start above 65536");

	if (unshare(CLONE_NEWNS) < 0) die("unshare mounts");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) die("make mounts private");
	if (mount("slipway", stage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k") < 0) die("mount the stage");
	char why[4096] = "";
	if (!steps_run(&outer, &no_tools, true, why, sizeof why)) { errno = 0; die("%s", why); }
	int idmap = idmap_namespace(store, base);
	mount_trees(&trees, idmap);
	close(idmap);

	int up[2], down[2], ready[2];
	if (pipe2(up, O_CLOEXEC) < 0 || pipe2(down, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0) die("pipe");
	pid_t maker = fork();
	if (maker < 0) die("fork");
	if (maker == 0) {
		close(down[1]);
		close(up[0]);
		join_cgroups(root_cgroups);
		move_to_cgroups(root_cgroups, getpid());
		if (setgroups(0, NULL) < 0 || setresgid((gid_t)base, (gid_t)base, (gid_t)base) < 0 || setresuid((uid_t)base, (uid_t)base, (uid_t)base) < 0) die("become the lab's uid");
		limit_processes(pids);
		tell(up[1]);
		receive(down[0], "the parent ended");
		/* The cgroup namespace is rooted where we are now; then we move to the leaf where the host's processes live, or the parent moves us. */
		if (unshare(CLONE_NEWCGROUP | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) < 0) die("unshare");
		join_cgroups(leaf_cgroups);
		tell(up[1]);
		receive(down[0], "the parent ended");
		load_filter(filter);
		shield();
		pid_t init = fork();
		if (init < 0) die("fork");
		if (init == 0) become_init(&inner, &no_tools, self, ready[1]);
		close(ready[1]);
		char byte;
		if (read(ready[0], &byte, 1) != 1) _exit(1); /* init has said why */
		printf("%d\n", init);
		fflush(stdout);
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	close(ready[1]);
	receive(up[0], "the host could not be made");
	map_ids(maker, 0, base);
	tell(down[1]);
	receive(up[0], "the host's namespaces could not be made");
	move_to_cgroups(leaf_cgroups, maker);
	tell(down[1]);
	int status;
	if (waitpid(maker, &status, 0) < 0) die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Pid 1 of a host: reaps, and ends with the host. */
int init_main(void)
{
	prctl(PR_SET_NAME, "init");
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;) {
		int signal;
		while (waitpid(-1, NULL, WNOHANG) > 0) {}
		sigset_t child;
		sigemptyset(&child);
		sigaddset(&child, SIGCHLD);
		sigwait(&child, &signal);
	}
}
