/* Holding a task: the shim. It has entered the host, is the parent (or the subreaper) of one command, keeps its stdio, writes its log and serves
 * any number of clients on one socket (frames: runtime/kernel/shim.ts). It outlives the broker and the engine. Single-threaded, one poll loop.
 * It never executes itself after entering, so its memory belongs to the machine: the lab's root can kill it, but not read or steer it. */
#define _GNU_SOURCE
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CLIENTS = 64, CHUNK = 131072, PIPE_SIZE = 262144, HIGH_WATER = 262144, STDIN_HIGH = 65536, STDIN_EARLY = 4 << 20, MAX_FRAME = 1 << 20 };
enum { DRAIN_MS = 300, LINGER_MS = 5000, FLUSH_MS = 10000, CONSOLE_MS = 10000 };
enum { IN_STDIN = 0, IN_CLOSE = 16, IN_RESIZE = 17, IN_GO = 18, IN_SIGNAL = 19, IN_SUBSCRIBE = 20 };
enum { OUT_STDOUT = 1, OUT_STDERR = 2, OUT_HELLO = 32, OUT_STARTED = 33, OUT_EXITED = 34, OUT_FAILED = 35, OUT_REPLAYED = 36 };
enum state { WAITING, RUNNING, ENDED };
enum io { IO_PTY, IO_CONSOLE, IO_PIPES };

struct buffer { char *bytes; size_t at, used, capacity; };
struct client { int fd; bool subscribed, gives_input, told; struct buffer in, out; };

static struct {
	enum state state;
	enum io io;
	bool orphan, want_stdin, go, stdin_closing;
	unsigned short cols, rows;
	const char *pid_file, *error_file;
	const char **argv, **env;
	const char *cwd;
	struct text filter;
	bool has_filter;
	struct tools tools;
	struct config after;
	long long deadline_ms;
	int listener, status, signals;
	int stdin_fd, out[3], console; /* out[1] also is the pty's master */
	struct buffer stdin_data;
	struct json_log log;
	char *ring;
	size_t ring_size, ring_at, ring_used;
	pid_t command, target; /* what we started; what is waited for */
	struct { pid_t pid; int status; } reaped[64];
	size_t reaped_count;
	bool command_done, target_done;
	int code;
	long long quiet_since;
	char why[4200];
	bool failed, served;
	struct client clients[MAX_CLIENTS];
} task;

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static bool append(struct buffer *b, const void *bytes, size_t size)
{
	if (b->at && b->used + size > b->capacity) {
		memmove(b->bytes, b->bytes + b->at, b->used - b->at);
		b->used -= b->at;
		b->at = 0;
	}
	if (b->used + size > b->capacity) {
		size_t capacity = b->capacity ? b->capacity : 4096;
		while (capacity < b->used + size) capacity *= 2;
		char *more = realloc(b->bytes, capacity);
		if (!more) return false;
		b->bytes = more;
		b->capacity = capacity;
	}
	memcpy(b->bytes + b->used, bytes, size);
	b->used += size;
	return true;
}

static size_t pending(const struct buffer *b) { return b->used - b->at; }

static void consume(struct buffer *b, size_t size)
{
	b->at += size;
	if (b->at < b->used) return;
	b->at = b->used = 0;
	if (b->capacity > HIGH_WATER) { free(b->bytes); *b = (struct buffer){ 0 }; }
}

static void drop_client(struct client *c)
{
	close(c->fd);
	free(c->in.bytes);
	free(c->out.bytes);
	*c = (struct client){ .fd = -1 };
}

static void send_frame(struct client *c, int type, const void *payload, size_t size)
{
	unsigned char header[8] = { (unsigned char)type, 0, 0, 0, (unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size };
	if (!append(&c->out, header, 8) || (size && !append(&c->out, payload, size))) drop_client(c);
}

static void flush_client(struct client *c)
{
	while (c->fd >= 0 && pending(&c->out)) {
		ssize_t n = send(c->fd, c->out.bytes + c->out.at, pending(&c->out), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0 && errno == EAGAIN) return;
		if (n < 0) { drop_client(c); return; }
		consume(&c->out, (size_t)n);
	}
}

static void broadcast(int type, const void *payload, size_t size, bool output)
{
	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &task.clients[i];
		if (c->fd >= 0 && (!output || c->subscribed)) { send_frame(c, type, payload, size); if (c->fd >= 0) flush_client(c); }
	}
}

static void record(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void record(const char *format, ...)
{
	char line[32768], time[64];
	va_list args;
	va_start(args, format);
	int used = vsnprintf(line, sizeof line - 128, format, args);
	va_end(args);
	if (used < 0 || (size_t)used >= sizeof line - 128) return;
	format_time(time, sizeof time);
	used += sprintf(line + used, ",\"time\":\"%s\"}\n", time);
	(void)!write(task.status, line, (size_t)used);
}

void task_note(const char *name, const char *text)
{
	char escaped[6 * 1024 + 1];
	size_t size = strlen(text);
	escaped[json_escape(text, size < 1024 ? size : 1024, escaped)] = 0;
	record("{\"event\":\"note\",\"name\":\"%s\",\"text\":\"%s\"", name, escaped);
}

static void tell_end(struct client *c)
{
	if (c->told) return;
	c->told = true;
	if (task.failed) send_frame(c, OUT_FAILED, task.why, strlen(task.why));
	else {
		unsigned n = (unsigned)task.code;
		unsigned char payload[4] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n };
		send_frame(c, OUT_EXITED, payload, 4);
	}
}

static void tell_started(struct client *c)
{
	unsigned n = (unsigned)task.target;
	unsigned char payload[4] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n };
	if (c) send_frame(c, OUT_STARTED, payload, 4);
	else broadcast(OUT_STARTED, payload, 4, false);
}

static void end(void)
{
	char ignored[4096];
	json_log_flush(&task.log);
	steps_run(&task.after, &task.tools, false, ignored, sizeof ignored);
	if (task.failed) {
		char escaped[6 * sizeof task.why];
		escaped[json_escape(task.why, strlen(task.why), escaped)] = 0;
		record("{\"event\":\"failed\",\"message\":\"%s\"", escaped);
	} else record("{\"event\":\"exited\",\"code\":%d", task.code);
	task.state = ENDED;
	task.quiet_since = now_ms();
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (task.clients[i].fd >= 0) { tell_end(&task.clients[i]); if (task.clients[i].fd >= 0) flush_client(&task.clients[i]); }
}

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(task.why, sizeof task.why, format, args);
	va_end(args);
	task.failed = true;
	end();
}

static void nonblocking(int fd) { if (fd >= 0) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static void set_size(void)
{
	if (task.io == IO_PIPES || task.out[1] < 0) return;
	struct winsize size = { task.rows, task.cols, 0, 0 };
	ioctl(task.out[1], TIOCSWINSZ, &size);
}

/* The runtime sends the pty's master over the console socket. https://github.com/opencontainers/runc/blob/main/docs/terminals.md */
static void receive_console(void)
{
	int connection = accept4(task.console, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0) return;
	struct timeval limit = { CONSOLE_MS / 1000, 0 };
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	char name[256];
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	struct iovec iov = { name, sizeof name };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	ssize_t n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int))) {
		if (task.out[1] >= 0) close(task.out[1]);
		memcpy(&task.out[1], CMSG_DATA(header), sizeof(int));
		nonblocking(task.out[1]);
		task.stdin_fd = task.out[1];
		set_size();
	}
	close(connection);
}

static int console_socket(char *path, size_t size)
{
	snprintf(path, size, "/run/slipway-console-%d.sock", getpid());
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, path);
	unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0) return -1;
	return fd;
}

static int open_pty(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int unlocked = 0;
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0) return -1;
	return master;
}

static _Noreturn void run_command(int in, int out, int error, int report)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (task.io == IO_PTY) ioctl(in, TIOCSCTTY, 0);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(error, 2) < 0) _exit(126);
	if (chdir(task.cwd) < 0 && chdir("/") < 0) _exit(126);
	if (task.has_filter) load_filter(task.filter);
	exec_program(&task.tools, task.argv, task.env);
	int why = errno;
	(void)!write(report, &why, sizeof why);
	_exit(why == ENOENT ? 127 : 126);
}

static void start(void)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, error[2] = { -1, -1 }, report[2];
	char path[108] = "";
	task.state = RUNNING;
	if (pipe2(report, O_CLOEXEC) < 0) { fail("pipe: %s", strerror(errno)); return; }
	if (task.io == IO_PTY) {
		int slave = -1;
		task.out[1] = open_pty();
		if (task.out[1] < 0 || (slave = ioctl(task.out[1], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) { fail("open a terminal: %s", strerror(errno)); return; }
		set_size();
		task.stdin_fd = task.out[1];
		in[0] = out[1] = error[1] = slave;
	} else {
		if (task.io == IO_CONSOLE) {
			task.console = console_socket(path, sizeof path);
			if (task.console < 0) { fail("console socket: %s", strerror(errno)); return; }
			for (const char **a = task.argv; *a; a++)
				if (strcmp(*a, "{console}") == 0) *a = path;
		}
		bool piped = task.want_stdin && task.io == IO_PIPES;
		if ((piped ? pipe2(in, O_CLOEXEC) : (in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC))) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0) {
			fail("pipe: %s", strerror(errno));
			return;
		}
		/* Archives flow through helpers: fewer, larger turns. It may be refused, and then it is as it was. */
		if (!task.orphan && task.io == IO_PIPES) {
			fcntl(out[0], F_SETPIPE_SZ, PIPE_SIZE);
			if (piped) fcntl(in[1], F_SETPIPE_SZ, PIPE_SIZE);
		}
		if (piped) {
			task.stdin_fd = in[1];
			nonblocking(in[1]);
		}
		if (task.io == IO_PIPES) task.out[1] = out[0];
		else task.out[0] = out[0]; /* what the runtime itself says on stdout; kept apart from the terminal */
		task.out[2] = error[0];
		nonblocking(out[0]);
		nonblocking(error[0]);
	}
	task.command = fork();
	if (task.command == 0) run_command(in[0], out[1], error[1], report[1]);
	int forked = errno;
	close(report[1]);
	if (in[0] >= 0) close(in[0]);
	if (out[1] >= 0 && out[1] != in[0]) close(out[1]);
	if (error[1] >= 0 && error[1] != out[1]) close(error[1]);
	if (task.command < 0) { fail("fork: %s", strerror(forked)); return; }
	int why;
	if (read(report[0], &why, sizeof why) == sizeof why) {
		waitpid(task.command, NULL, 0);
		close(report[0]);
		fail("exec %s: %s", task.argv[0], strerror(why));
		return;
	}
	close(report[0]);
	if (!task.orphan) {
		task.target = task.command;
		record("{\"event\":\"started\",\"pid\":%d", task.target);
		tell_started(NULL);
	}
}

static int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

static size_t read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0) return 0;
	ssize_t n = read(fd, out, size - 1);
	close(fd);
	out[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

/* The runtime has ended: well, and left a process behind, or badly, and said why. */
static void runtime_done(int status)
{
	task.command_done = true;
	if (task.console >= 0) {
		struct pollfd waiting = { task.console, POLLIN, 0 };
		if (poll(&waiting, 1, 0) > 0) receive_console();
		char path[108];
		snprintf(path, sizeof path, "/run/slipway-console-%d.sock", getpid());
		unlink(path);
		close(task.console);
		task.console = -1;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		char said[4096] = "";
		if (!read_text(task.error_file, said, sizeof said) && task.out[2] >= 0) {
			ssize_t n = read(task.out[2], said, sizeof said - 1);
			said[n > 0 ? n : 0] = 0;
		}
		fail("%s", *said ? said : "the runtime failed without a word");
		return;
	}
	char number[32] = "";
	read_text(task.pid_file, number, sizeof number);
	task.target = (pid_t)atoi(number);
	if (task.target <= 1) { fail("the runtime left no pid in %s", task.pid_file); return; }
	record("{\"event\":\"started\",\"pid\":%d", task.target);
	tell_started(NULL);
	for (size_t i = 0; i < task.reaped_count; i++)
		if (task.reaped[i].pid == task.target) { task.code = exit_code(task.reaped[i].status); task.target_done = true; task.quiet_since = now_ms(); }
}

static void reap(void)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == task.command && task.orphan) { if (task.state == RUNNING) runtime_done(status); }
		else if (pid == task.target) { task.code = exit_code(status); task.target_done = true; task.quiet_since = now_ms(); }
		else if (task.reaped_count < sizeof task.reaped / sizeof *task.reaped) {
			task.reaped[task.reaped_count].pid = pid;
			task.reaped[task.reaped_count++].status = status;
		}
	}
}

static void keep_ring(const char *bytes, size_t size)
{
	if (!task.ring_size) return;
	if (size > task.ring_size) { bytes += size - task.ring_size; size = task.ring_size; }
	size_t end = (task.ring_at + task.ring_used) % task.ring_size, first = size < task.ring_size - end ? size : task.ring_size - end;
	memcpy(task.ring + end, bytes, first);
	memcpy(task.ring, bytes + first, size - first);
	task.ring_used += size;
	if (task.ring_used > task.ring_size) { task.ring_at = (task.ring_at + task.ring_used - task.ring_size) % task.ring_size; task.ring_used = task.ring_size; }
}

/* Reads what the command wrote. False when there is no more now. */
static bool take_output(int stream)
{
	static char chunk[CHUNK];
	ssize_t n = read(task.out[stream], chunk, sizeof chunk);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
	if (n <= 0) { /* end of file; EIO from a pty whose last slave was closed */
		if (stream == 1 && task.io != IO_PIPES) {
			/* A pty may get a new slave while its session lives (vhangup and the like). */
			if (!task.target_done && !task.failed && task.state == RUNNING) { usleep(1000); if (errno == EIO && !task.target_done) return false; }
			if (task.stdin_fd == task.out[1]) task.stdin_fd = -1;
		}
		close(task.out[stream]);
		task.out[stream] = -1;
		return false;
	}
	task.quiet_since = now_ms();
	int to = stream == 0 ? 2 : stream;
	if (stream == 0) return true; /* the runtime's own stdout beside a console */
	json_log_write(&task.log, to, chunk, (size_t)n);
	keep_ring(chunk, (size_t)n);
	broadcast(to, chunk, (size_t)n, true);
	return true;
}

static bool clients_full(void)
{
	for (int i = 0; i < MAX_CLIENTS; i++)
		if (task.clients[i].fd >= 0 && task.clients[i].subscribed && pending(&task.clients[i].out) > HIGH_WATER) return true;
	return false;
}

static void write_stdin(void)
{
	while (task.stdin_fd >= 0 && pending(&task.stdin_data)) {
		ssize_t n = write(task.stdin_fd, task.stdin_data.bytes + task.stdin_data.at, pending(&task.stdin_data));
		if (n < 0 && errno == EINTR) continue;
		if (n < 0 && errno == EAGAIN) return;
		if (n < 0) { consume(&task.stdin_data, pending(&task.stdin_data)); task.stdin_closing = true; break; }
		consume(&task.stdin_data, (size_t)n);
	}
	if (task.stdin_closing && task.io == IO_PIPES && task.stdin_fd >= 0 && !pending(&task.stdin_data)) {
		close(task.stdin_fd);
		task.stdin_fd = -1;
	}
}

static void handle_frame(struct client *c, int type, const unsigned char *payload, size_t size)
{
	switch (type) {
	case IN_STDIN:
		c->gives_input = true;
		if (task.state != ENDED && !task.stdin_closing) { append(&task.stdin_data, payload, size); write_stdin(); }
		break;
	case IN_CLOSE:
		task.stdin_closing = task.io == IO_PIPES;
		if (task.state == RUNNING) write_stdin();
		break;
	case IN_RESIZE:
		if (size < 4) break;
		task.cols = (unsigned short)(payload[0] << 8 | payload[1]);
		task.rows = (unsigned short)(payload[2] << 8 | payload[3]);
		set_size();
		break;
	case IN_GO: task.go = true; break;
	case IN_SIGNAL:
		if (size >= 1 && task.state == RUNNING && task.target > 1 && !task.target_done) kill(task.target, payload[0]);
		if (size >= 1 && task.state == WAITING && !task.go) fail("it was called off before it had begun"); /* its last steps undo the first */
		break;
	case IN_SUBSCRIBE:
		if (size >= 1 && payload[0] & 2 && task.ring_used) {
			size_t first = task.ring_used < task.ring_size - task.ring_at ? task.ring_used : task.ring_size - task.ring_at;
			send_frame(c, OUT_STDOUT, task.ring + task.ring_at, first);
			if (c->fd >= 0 && task.ring_used > first) send_frame(c, OUT_STDOUT, task.ring, task.ring_used - first);
		}
		if (c->fd >= 0 && size >= 1 && payload[0] & 2) send_frame(c, OUT_REPLAYED, NULL, 0);
		if (c->fd >= 0) c->subscribed = size >= 1 && payload[0] & 1;
		break;
	default: break;
	}
}

static void read_client(struct client *c)
{
	static char chunk[CHUNK];
	ssize_t n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (n <= 0 || !append(&c->in, chunk, (size_t)n)) { drop_client(c); return; }
	while (c->fd >= 0 && pending(&c->in) >= 8) {
		const unsigned char *frame = (const unsigned char *)c->in.bytes + c->in.at;
		size_t size = (size_t)frame[4] << 24 | (size_t)frame[5] << 16 | (size_t)frame[6] << 8 | frame[7];
		if (size > MAX_FRAME) { drop_client(c); return; }
		if (pending(&c->in) < 8 + size) break;
		handle_frame(c, frame[0], frame + 8, size);
		if (c->fd >= 0) consume(&c->in, 8 + size);
	}
	if (c->fd >= 0) flush_client(c);
}

static void accept_client(void)
{
	int fd = accept4(task.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) return;
	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = &task.clients[i];
		if (c->fd >= 0) continue;
		c->fd = fd;
		unsigned char hello[5] = { (unsigned char)task.state, (unsigned char)(task.cols >> 8), (unsigned char)task.cols, (unsigned char)(task.rows >> 8), (unsigned char)task.rows };
		send_frame(c, OUT_HELLO, hello, sizeof hello);
		if (c->fd >= 0 && task.state == RUNNING && task.target > 0) tell_started(c);
		if (c->fd >= 0 && task.state == ENDED) tell_end(c);
		if (c->fd >= 0) flush_client(c);
		return;
	}
	close(fd);
}

static bool finished(void)
{
	if (task.state != ENDED) return false;
	/* Clients close when they have read the last frame. Were we to go first, what they are just sending would fail and hide it from them. */
	bool any = false, unsent = false;
	for (int i = 0; i < MAX_CLIENTS; i++) {
		any |= task.clients[i].fd >= 0;
		unsent |= task.clients[i].fd >= 0 && pending(&task.clients[i].out) > 0;
	}
	if (any) task.served = true;
	long long waited = now_ms() - task.quiet_since;
	if (any) return waited > (unsent ? FLUSH_MS : LINGER_MS);
	/* A failure before anybody has connected is told to the first who comes; it is in the status file anyway. */
	return task.served || !task.failed || waited > LINGER_MS;
}

static void loop(void)
{
	long long deadline = task.deadline_ms ? now_ms() + task.deadline_ms : 0;
	while (!finished()) {
		struct pollfd p[MAX_CLIENTS + 8];
		int who[MAX_CLIENTS + 8], count = 0, wait = -1;
#define WATCH(descriptor, what, tag) (p[count] = (struct pollfd){ descriptor, what, 0 }, who[count++] = tag)
		WATCH(task.listener, POLLIN, -1);
		WATCH(task.signals, POLLIN, -2);
		bool full = clients_full();
		/* Until the runtime has ended, what is in the pipes may be its own complaint, which is no output of the container's. */
		for (int s = 0; s < 3; s++)
			if (task.state == RUNNING && task.out[s] >= 0 && (!full || s == 0) && (!task.orphan || task.command_done)) WATCH(task.out[s], POLLIN, -10 - s);
		if (task.console >= 0) WATCH(task.console, POLLIN, -3);
		if (task.stdin_fd >= 0 && pending(&task.stdin_data)) WATCH(task.stdin_fd, POLLOUT, -4);
		for (int i = 0; i < MAX_CLIENTS; i++) {
			struct client *c = &task.clients[i];
			if (c->fd < 0) continue;
			/* Only who gives input waits for room: others' resize, signal and GO come through. Before the start nobody takes input, so more is kept. */
			size_t room = task.state == WAITING ? STDIN_EARLY : STDIN_HIGH;
			bool waits = c->gives_input && pending(&task.stdin_data) >= room;
			short events = (short)((waits ? 0 : POLLIN) | (pending(&c->out) ? POLLOUT : 0));
			WATCH(c->fd, events, i);
		}
		if (task.state == RUNNING && task.target_done) wait = full ? 1000 : 20;
		if (task.state == ENDED) wait = 100;
		if (deadline && task.state != ENDED) {
			long long left = deadline - now_ms();
			if (left <= 0) {
				deadline = 0;
				if (task.target > 1 && !task.target_done) { if (!task.orphan) kill(-task.target, SIGKILL); kill(task.target, SIGKILL); }
				else if (task.state == WAITING) { fail("nobody started it in time"); continue; }
				else if (task.command > 1 && !task.command_done) kill(-task.command, SIGKILL);
			} else if (wait < 0 || left < wait) wait = (int)left;
		}
		int ready = poll(p, (nfds_t)count, wait);
		if (ready < 0 && errno != EINTR) _exit(1);
		for (int i = 0; i < count && ready > 0; i++) {
			if (!p[i].revents) continue;
			if (who[i] == -1) accept_client();
			else if (who[i] == -2) { struct signalfd_siginfo info; while (read(task.signals, &info, sizeof info) > 0) {} reap(); }
			else if (who[i] == -3) receive_console();
			else if (who[i] == -4) write_stdin();
			else if (who[i] <= -10) { int s = -10 - who[i]; if (task.out[s] == p[i].fd) take_output(s); }
			else if (task.clients[who[i]].fd == p[i].fd) {
				struct client *c = &task.clients[who[i]];
				if (p[i].revents & POLLOUT) flush_client(c);
				if (c->fd >= 0 && p[i].revents & (POLLIN | POLLHUP | POLLERR)) read_client(c);
			}
		}
		if (task.state == WAITING && task.go) {
			start();
			write_stdin(); /* what came before, and perhaps the end of it */
		}
		/* The command has ended; what it wrote is read to the end, or until nothing has come for a while (a child may hold the pipe open). */
		if (task.state == RUNNING && task.target_done) {
			bool open = task.out[1] >= 0 || task.out[2] >= 0;
			for (int s = 1; s < 3; s++)
				while (task.out[s] >= 0 && !clients_full() && take_output(s)) {}
			if (!open || (task.out[1] < 0 && task.out[2] < 0) || (!clients_full() && now_ms() - task.quiet_since > DRAIN_MS)) end();
		}
	}
}

int task_main(struct config *c)
{
	struct entrance e = { .pid = config_number(c), .started = config_number(c) };
	e.uid = (uid_t)config_number(c);
	e.cgroups = config_list(c, NULL);
	const char *socket_path = config_string(c), *status_path = config_string(c), *log_path = config_string(c);
	gid_t group = (gid_t)config_number(c);
	task.log.limit = (uint64_t)config_number(c);
	task.log.files = (int)config_number(c);
	task.log.attributes = config_string(c);
	if (task.log.files < 0 || task.log.files > LOG_FILES_MAX) die("configuration: %d files of a log", task.log.files);
	if (strlen(task.log.attributes) > LOG_ATTRIBUTES_MAX - 32) die("configuration: the log's attributes are too long");
	struct text base_filter = read_filter(config_string(c));
	const char *filter_path = config_string(c);
	if (*filter_path) { task.filter = read_filter(filter_path); task.has_filter = true; }
	dev_t toolbox_device = (dev_t)config_number(c);
	ino_t toolbox_inode = (ino_t)config_number(c);
	const char *toolbox_in_host = config_string(c);
	task.tools.env = config_list(c, NULL);
	struct config before = steps_skip(c);
	task.after = steps_skip(c);
	task.cwd = config_string(c);
	task.env = config_list(c, NULL);
	task.argv = config_list(c, NULL);
	const char *io = config_string(c);
	task.io = strcmp(io, "pty") == 0 ? IO_PTY : strcmp(io, "console") == 0 ? IO_CONSOLE : IO_PIPES;
	task.want_stdin = config_number(c) != 0;
	task.cols = (unsigned short)config_number(c);
	task.rows = (unsigned short)config_number(c);
	task.orphan = config_number(c) != 0;
	task.pid_file = config_string(c);
	task.error_file = config_string(c);
	task.deadline_ms = config_number(c);
	task.ring_size = (size_t)config_number(c);
	task.go = config_number(c) != 0;
	errno = 0;
	if (!task.argv[0]) die("configuration: nothing to run");
	if (e.uid < 65536) die("configuration: uids of a lab start above 65536");

	task.listener = listen_at(socket_path, group);
	umask(027);
	task.status = open(status_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (task.status < 0 || fchown(task.status, 0, group) < 0) die("open %s", status_path);
	task.log.fd = -1;
	if (*log_path) {
		task.log.fd = open(log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
		struct stat st;
		if (task.log.fd < 0 || fchmod(task.log.fd, 0644) < 0 || fstat(task.log.fd, &st) < 0) die("open %s", log_path);
		task.log.size = (uint64_t)st.st_size;
		for (int i = 0; i < task.log.files - 1; i++) {
			char path[4096];
			if (snprintf(path, sizeof path, "%s.%d", log_path, i + 1) >= (int)sizeof path) die("a path that is too long");
			task.log.older[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
			if (task.log.older[i] < 0 || fchmod(task.log.older[i], 0644) < 0) die("open %s", path);
		}
	}

	enter_host(&e);
	/* The toolbox as the host sees it, made sure of by its identity, whatever may have been mounted over its path. It must not be a descriptor from
	 * outside: of a process that is being killed, the kernel lets the lab's root have the descriptors (it has no memory left
	 * that could be undumpable), and from a directory outside one walks up to the machine's root. */
	struct stat seen;
	task.tools.fd = open(toolbox_in_host, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (task.tools.fd < 0 || fstat(task.tools.fd, &seen) < 0) die("open the toolbox in the host");
	errno = 0;
	if (seen.st_dev != toolbox_device || seen.st_ino != toolbox_inode) die("the toolbox in the host is covered by another directory");
	/* Into the pid namespace by a child; that child ends at once, so that its child belongs to the host's init and is reaped there. */
	pid_t pid = fork_patiently();
	if (pid < 0) die("fork");
	if (pid > 0) {
		int status;
		if (waitpid(pid, &status, 0) < 0) die("wait");
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	pid = fork_patiently();
	if (pid < 0) die("fork");
	if (pid > 0) _exit(0);

	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	setsid();
	prctl(PR_SET_NAME, "slipway-shim");
	set_title("slipway-shim");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	limit_self();
	shield();
	load_filter(base_filter);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0) _exit(1);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	task.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	task.stdin_fd = task.console = -1;
	task.out[0] = task.out[1] = task.out[2] = -1;
	for (int i = 0; i < MAX_CLIENTS; i++) task.clients[i].fd = -1;
	if (task.ring_size) task.ring = malloc(task.ring_size);
	if (!task.ring) task.ring_size = 0;

	char why[4096] = "";
	if (!steps_run(&before, &task.tools, true, why, sizeof why)) fail("%s", why);
	loop();
	return 0;
}
