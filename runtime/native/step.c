/* Steps: what is done inside a host, as the lab's root, before and after a task's command (runtime/kernel/protocol.ts, stepSchema).
 * Everything happens in the lab's namespaces with the lab's credentials, so a planted symlink leads nowhere but into the lab. */
#define _GNU_SOURCE
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUN_DEADLINE_MS = 20000 };

struct mount_attributes { uint64_t set, clear, propagation, userns; };

int mount_tree(const char *source, const char *target, uint64_t set, uint64_t clear, int idmap_userns)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, source, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0) return -1;
	struct mount_attributes a = { set, clear, 0, 0 };
	if (idmap_userns >= 0) { a.set |= 0x00100000 /* MOUNT_ATTR_IDMAP */; a.userns = (uint64_t)idmap_userns; }
	int result = (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &a, sizeof a);
	if (result == 0) result = (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, target, 4 /* MOVE_MOUNT_F_EMPTY_PATH */);
	int error = errno;
	close(tree);
	errno = error;
	return result;
}

static int make_directories(const char *path, mode_t mode)
{
	char part[4096];
	size_t size = strlen(path);
	if (size >= sizeof part) { errno = ENAMETOOLONG; return -1; }
	for (size_t i = 1; i <= size; i++) {
		if (path[i] != '/' && path[i] != '\0') continue;
		memcpy(part, path, i);
		part[i] = 0;
		bool last = path[i] == '\0';
		if (mkdir(part, last ? mode : 0755) == 0) {
			if (last && chmod(part, mode) < 0) return -1; /* the umask does not apply to a mode that was asked for */
		} else if (errno != EEXIST) return -1;
	}
	return 0;
}

static int write_text(const char *path, mode_t mode, struct text text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) return -1;
	int result = write_all(fd, text.bytes, text.size);
	if (result == 0) result = fchmod(fd, mode);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

static int loopback_up(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0) return -1;
	struct ifreq request = { .ifr_flags = IFF_UP | IFF_RUNNING };
	strcpy(request.ifr_name, "lo");
	int result = ioctl(s, SIOCSIFFLAGS, &request);
	close(s);
	return result;
}

static int wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) return -1;
	return status;
}

/* A child makes the namespace and binds it to the path, which keeps it when the child is gone. */
static int make_netns(const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (file < 0) return -1;
	close(file);
	pid_t pid = fork();
	if (pid < 0) return -1;
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 || loopback_up() < 0 || mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0) _exit(errno);
		_exit(0);
	}
	int status = wait_for(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return -1;
}

void exec_program(const struct tools *tools, const char **argv, const char **env)
{
	if (strchr(argv[0], '/')) {
		execve(argv[0], (char **)(void *)argv, (char **)(void *)env);
		return;
	}
	char name[256];
	if (snprintf(name, sizeof name, "bin/%s", argv[0]) >= (int)sizeof name) { errno = ENAMETOOLONG; return; }
	/* By descriptor: the program is ours whatever the lab has done to its own paths. */
	syscall(SYS_execveat, tools->fd, name, argv, env, 0);
}

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Runs a program to its end and keeps the beginning of what it says, for the reason of a failure. */
static int run(const struct tools *tools, const char **argv, const char *netns, struct text input, char *said, size_t said_size)
{
	int out[2], in = memfd_create("stdin", MFD_CLOEXEC);
	if (in < 0 || write_all(in, input.bytes, input.size) < 0 || lseek(in, 0, SEEK_SET) < 0 || pipe2(out, O_CLOEXEC) < 0) return -1;
	pid_t pid = fork();
	if (pid == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		int ns = *netns ? open(netns, O_RDONLY | O_CLOEXEC) : -1;
		if (*netns && (ns < 0 || setns(ns, CLONE_NEWNET) < 0)) dprintf(out[1], "enter %s: %s", netns, strerror(errno)), _exit(126);
		dup2(in, 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		exec_program(tools, argv, tools->env);
		dprintf(2, "%s: %s", argv[0], strerror(errno));
		_exit(127);
	}
	int error = errno;
	close(in);
	close(out[1]);
	size_t used = 0;
	long long deadline = now_ms() + RUN_DEADLINE_MS;
	bool late = false;
	while (pid > 0) {
		struct pollfd p = { out[0], POLLIN, 0 };
		long long left = deadline - now_ms();
		int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (ready < 0 && errno == EINTR) continue;
		if (ready <= 0) { late = true; kill(-pid, SIGKILL); break; }
		char chunk[1024];
		ssize_t n = read(out[0], chunk, sizeof chunk);
		if (n <= 0) break;
		size_t keep = (size_t)n < said_size - 1 - used ? (size_t)n : said_size - 1 - used;
		memcpy(said + used, chunk, keep);
		used += keep;
	}
	close(out[0]);
	if (pid < 0) { errno = error; return -1; }
	int status = wait_for(pid);
	if (late) used = (size_t)snprintf(said, said_size, "did not end within %d s", RUN_DEADLINE_MS / 1000);
	said[used] = 0;
	errno = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* The beginning of a small file of the kernel's. */
static int note(const char *name, const char *path)
{
	char text[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) return -1;
	ssize_t n = read(fd, text, sizeof text - 1);
	int error = errno;
	close(fd);
	errno = error;
	if (n < 0) return -1;
	text[n] = 0;
	task_note(name, text);
	return 0;
}

pid_t fork_patiently(void)
{
	for (int tries = 0;; tries++) {
		pid_t pid = fork();
		if (pid >= 0 || errno != EAGAIN || tries == 50) return pid;
		usleep(20000);
	}
}

static bool failed(char *why, size_t size, const char *what, ...) __attribute__((format(printf, 3, 4)));
static bool failed(char *why, size_t size, const char *what, ...)
{
	int error = errno;
	va_list args;
	va_start(args, what);
	int used = vsnprintf(why, size, what, args);
	va_end(args);
	if (error && used >= 0 && (size_t)used < size) snprintf(why + used, size - (size_t)used, ": %s", strerror(error));
	return false;
}

static bool step(struct config *c, const struct tools *tools, char *why, size_t size)
{
	const char *verb = config_string(c);
	errno = 0;
	if (strcmp(verb, "mkdir") == 0) {
		const char *path = config_string(c);
		mode_t mode = (mode_t)config_number(c);
		return make_directories(path, mode) == 0 || failed(why, size, "mkdir %s", path);
	}
	if (strcmp(verb, "write") == 0) {
		const char *path = config_string(c);
		mode_t mode = (mode_t)config_number(c);
		struct text text = config_next(c);
		return write_text(path, mode, text) == 0 || failed(why, size, "write %s", path);
	}
	if (strcmp(verb, "symlink") == 0) {
		const char *target = config_string(c), *path = config_string(c);
		return symlink(target, path) == 0 || errno == EEXIST || failed(why, size, "symlink %s", path);
	}
	if (strcmp(verb, "mount") == 0) {
		const char *type = config_string(c), *source = config_string(c), *target = config_string(c);
		unsigned long flags = (unsigned long)config_number(c);
		const char *data = config_string(c);
		return mount(source, target, type, flags, data) == 0 || failed(why, size, "mount %s on %s", type, target);
	}
	if (strcmp(verb, "tree") == 0) { /* only in a host's making: source target set clear */
		const char *source = config_string(c), *target = config_string(c);
		uint64_t set = (uint64_t)config_number(c), clear = (uint64_t)config_number(c);
		return mount_tree(source, target, set, clear, -1) == 0 || failed(why, size, "bind %s on %s", source, target);
	}
	if (strcmp(verb, "umount") == 0) {
		const char *path = config_string(c);
		return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT || failed(why, size, "umount %s", path);
	}
	if (strcmp(verb, "netns") == 0) {
		const char *path = config_string(c);
		return make_netns(path) == 0 || failed(why, size, "network namespace %s", path);
	}
	if (strcmp(verb, "unlink") == 0) {
		const char *path = config_string(c);
		return unlink(path) == 0 || (errno == EISDIR && rmdir(path) == 0) || errno == ENOENT || failed(why, size, "remove %s", path);
	}
	if (strcmp(verb, "note") == 0) {
		const char *name = config_string(c), *path = config_string(c);
		return note(name, path) == 0 || failed(why, size, "read %s", path);
	}
	if (strcmp(verb, "hostname") == 0) {
		const char *name = config_string(c);
		return sethostname(name, strlen(name)) == 0 || failed(why, size, "sethostname");
	}
	if (strcmp(verb, "loopback") == 0) return loopback_up() == 0 || failed(why, size, "loopback up");
	if (strcmp(verb, "pivot") == 0) { /* make path the root and let go of all that was before */
		const char *path = config_string(c);
		return (chdir(path) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0) || failed(why, size, "pivot_root %s", path);
	}
	if (strcmp(verb, "run") == 0) {
		const char *netns = config_string(c);
		struct text input = config_next(c);
		const char **argv = config_list(c, NULL);
		char said[2048];
		if (!argv[0]) return failed(why, size, "run: nothing to run");
		int result = run(tools, argv, netns, input, said, sizeof said);
		bool ok = result == 0 || failed(why, size, "%s: %s", argv[0], said);
		free(argv);
		return ok;
	}
	errno = 0;
	die("configuration: unknown step %s", verb);
}

bool steps_run(struct config *c, const struct tools *tools, bool strict, char *why, size_t why_size)
{
	for (long long left = config_number(c); left > 0; left--) {
		struct config place = *c;
		*why = 0;
		bool done = step(c, tools, why, why_size);
		if (!done && strict) return false;
		/* What is undone must not fail for want of processes, which is passing: each step may be done twice. */
		for (int tries = 0; !done && tries < 20 && strstr(why, strerror(EAGAIN)); tries++) {
			usleep(50000);
			*c = place;
			*why = 0;
			done = step(c, tools, why, why_size);
		}
	}
	return true;
}

struct config steps_skip(struct config *c)
{
	/* The steps stand as: how many strings follow, then the count and the steps. */
	long long strings = config_number(c);
	struct config place = *c;
	errno = 0;
	if (strings < 0 || (size_t)strings > c->count - c->at) die("configuration: bad length of steps");
	c->at += (size_t)strings;
	return place;
}
