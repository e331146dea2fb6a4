/* Tries what no program of the system can try. `probe idmap DIR`: an idmapped mount of DIR's file system. `probe seccomp`: a system call filter.
 * Exit 0 when it works, else 1 with the reason. Leaves nothing behind: the mount is never attached anywhere. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int write_map(pid_t pid, const char *file)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) return -1;
	ssize_t n = write(fd, "0 1610612736 65536", 18);
	close(fd);
	return n == 18 ? 0 : -1;
}

static int idmap(const char *dir)
{
	int ready[2];
	char byte, path[64];
	if (pipe(ready) < 0) return fail("pipe");
	pid_t child = fork();
	if (child < 0) return fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		byte = unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
		if (write(ready[1], &byte, 1) == 1) pause();
		_exit(0);
	}
	int result = 1;
	if (read(ready[0], &byte, 1) != 1 || byte != 'y') { result = fail("unshare"); goto out; }
	if (write_map(child, "uid_map") < 0 || write_map(child, "gid_map") < 0) { result = fail("uid_map"); goto out; }
	snprintf(path, sizeof path, "/proc/%d/ns/user", child);
	int userns = open(path, O_RDONLY | O_CLOEXEC);
	if (userns < 0) { result = fail(path); goto out; }
	int tree = (int)syscall(428 /* open_tree */, AT_FDCWD, dir, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
	if (tree < 0) { result = fail("open_tree"); goto out; }
	struct { uint64_t set, clear, propagation, userns; } attr = { 0x00100000 /* MOUNT_ATTR_IDMAP */, 0, 0, (uint64_t)userns };
	result = syscall(442 /* mount_setattr */, tree, "", AT_EMPTY_PATH, &attr, sizeof attr) == 0 ? 0 : fail("mount_setattr");
out:
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return result;
}

static int seccomp(void)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail("no_new_privs");
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : fail("seccomp");
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "idmap") == 0) return idmap(argv[2]);
	if (argc == 2 && strcmp(argv[1], "seccomp") == 0) return seccomp();
	return 2;
}
