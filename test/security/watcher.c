/* What a hostile root of a lab would do: look at every process that appears, as fast as it can, try to trace it, and report any that
 * is not of the lab's uids or that lets itself be traced while it is still one of the machine's programs. Prints a line a finding. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long stolen;

/* Descriptors of a process that is ending can be had (it has no memory left that could be undumpable): none may lead out of the lab. */
static void steal(int pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (int n = 3; pidfd >= 0 && n < 24; n++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);
		if (fd < 0) continue;
		stolen++;
		struct stat here, root;
		int up = openat(fd, "../../../../../../../../..", O_PATH | O_DIRECTORY);
		if (up >= 0 && fstat(up, &here) == 0 && stat("/", &root) == 0 && (here.st_dev != root.st_dev || here.st_ino != root.st_ino)) {
			printf("descriptor %d of pid %d leads out of the lab\n", n, pid);
			fflush(stdout);
		}
		if (up >= 0) close(up);
		close(fd);
	}
	if (pidfd >= 0) close(pidfd);
}

static bool is_ours(int pid)
{
	char path[64], name[64] = "";
	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	int fd = open(path, O_RDONLY);
	if (fd >= 0 && read(fd, name, sizeof name - 1) < 0) name[0] = 0;
	if (fd >= 0) close(fd);
	return strncmp(name, "slipway", 7) == 0;
}

/* Attaching to a process that is ending succeeds but gives no control, and attaching waits for an exec to the lab's own program to
 * be over: only one that stops for us and still is what it was has been traced. */
static void attach(int pid, const char *name)
{
	int status;
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0) return;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) && is_ours(pid)) {
		printf("traced pid %d (%s)\n", pid, name);
		fflush(stdout);
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
}

static void look(int pid)
{
	char path[64], text[2048];
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	int fd = open(path, O_RDONLY);
	if (fd < 0) return;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0) return;
	text[n] = 0;
	char name[64] = "";
	unsigned u[4] = { 0 };
	sscanf(text, "Name: %63s", name);
	char *uid = strstr(text, "\nUid:");
	if (!uid || sscanf(uid, "\nUid: %u %u %u %u", &u[0], &u[1], &u[2], &u[3]) != 4) return;
	for (int i = 0; i < 3; i++)
		if (u[i] == 65534) { printf("foreign uid in pid %d (%s)\n", pid, name); fflush(stdout); break; }
	if (strncmp(name, "slipway", 7) == 0) {
		steal(pid);
		attach(pid, name);
	}
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	printf("watching\n");
	fflush(stdout);
	int self = getpid();
	while (time(NULL) < end) {
		DIR *proc = opendir("/proc");
		for (struct dirent *e; proc && (e = readdir(proc));) {
			int pid = atoi(e->d_name);
			if (pid > 1 && pid != self) look(pid);
		}
		if (proc) closedir(proc);
	}
	printf("done (%lu descriptors stolen)\n", stolen);
	return 0;
}
