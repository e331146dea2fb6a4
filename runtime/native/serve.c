/* Serving the broker: one small process that forks for every host, task and relay, since forking is cheap here and is not in a large Node process.
 * Requests on stdin: u32 id, u32 size, and the configuration, whose first string is the mode. Answers on stdout: u32 id, u32 exit status (as of
 * wait(2)), u32 size, and what the child printed. All little endian. It ends when stdin does. */
#define _GNU_SOURCE
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CHILDREN = 256, MAX_REQUEST = 32 << 20, MAX_SAID = 65536 };

static struct child { pid_t pid; uint32_t id; int out; char *said; size_t used; } children[MAX_CHILDREN];

static uint32_t number(const unsigned char *b) { return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24; }

static void put(unsigned char *b, uint32_t n)
{
	for (int i = 0; i < 4; i++) b[i] = (unsigned char)(n >> 8 * i);
}

static void answer(uint32_t id, uint32_t status, const char *said, size_t size)
{
	unsigned char header[12];
	put(header, id);
	put(header + 4, status);
	put(header + 8, (uint32_t)size);
	if (write_all(1, header, sizeof header) < 0 || write_all(1, said, size) < 0) _exit(0); /* the broker has gone */
}

static int read_exactly(void *into, size_t size)
{
	for (char *at = into; size;) {
		ssize_t n = read(0, at, size);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static _Noreturn void run_child(struct config *c, int out)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	int null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	close_from(3);
	const char *mode = config_string(c);
	errno = 0;
	if (strcmp(mode, "host") == 0) _exit(host_main(c));
	if (strcmp(mode, "task") == 0) _exit(task_main(c));
	if (strcmp(mode, "relay") == 0) _exit(relay_main(c));
	if (strcmp(mode, "rouse") == 0) _exit(write_file(config_string(c), "0") < 0); /* moves us into a cgroup, for the wait that this costs */
	if (strcmp(mode, "read") == 0) _exit(read_main(c)); /* what the pipe does not hold is lost: the broker asks for less */
	die("configuration: unknown mode %s", mode);
}

static void take_request(void)
{
	unsigned char header[8];
	if (read_exactly(header, sizeof header) < 0) _exit(0);
	uint32_t id = number(header), size = number(header + 4);
	char *bytes = size <= MAX_REQUEST ? malloc(size ? size : 1) : NULL;
	if (!bytes || read_exactly(bytes, size) < 0) _exit(1);
	struct child *child = NULL;
	for (int i = 0; i < MAX_CHILDREN && !child; i++)
		if (!children[i].pid) child = &children[i];
	struct config c = { 0 };
	int out[2];
	const char *problem = !child ? "too many are being started at once" : !config_parse(bytes, size, &c) ? "configuration malformed" : pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0 ? "no pipe could be made" : NULL;
	pid_t pid = problem ? -1 : fork();
	if (pid == 0) run_child(&c, out[1]);
	free(c.items);
	explicit_bzero(bytes, size);
	free(bytes);
	if (!problem) close(out[1]);
	if (!problem && pid < 0) close(out[0]), problem = "fork failed";
	if (problem) { answer(id, 1 << 8, problem, strlen(problem)); return; }
	*child = (struct child){ pid, id, out[0], malloc(MAX_SAID), 0 };
}

static void listen_to(struct child *child)
{
	while (child->said && child->used < MAX_SAID) {
		ssize_t n = read(child->out, child->said + child->used, MAX_SAID - child->used);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return;
		child->used += (size_t)n;
	}
}

static void reap(void)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < MAX_CHILDREN; i++) {
			struct child *child = &children[i];
			if (child->pid != pid) continue;
			listen_to(child);
			answer(child->id, (uint32_t)status, child->said, child->used);
			close(child->out);
			free(child->said);
			*child = (struct child){ 0 };
		}
}

int serve_main(void)
{
	/* All of labs descends from here: when memory ends it goes before what keeps them. Raising one's own score is always allowed. */
	int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (score >= 0) {
		if (write(score, "0", 1) < 0) {} /* as before */
		close(score);
	}
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) die("signalfd");
	for (;;) {
		struct pollfd p[2] = { { 0, POLLIN, 0 }, { signals, POLLIN, 0 } };
		if (poll(p, 2, -1) < 0 && errno != EINTR) return 1;
		struct signalfd_siginfo info;
		if (p[1].revents) { while (read(signals, &info, sizeof info) > 0) {} reap(); }
		if (p[0].revents) take_request();
	}
}
