/* The relay: the one way from outside into a lab's network. It has joined the lab's user and network namespaces and nothing else, so it sees the
 * lab's addresses but none of its files or processes. A client connects to its unix socket and sends one line, `tcp ADDRESS PORT`; after the answer
 * `ok` the connection is that of the lab's server. One process a host, one poll loop, bounded; it ends when unused for a while. */
#define _GNU_SOURCE
#include "native.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PAIRS = 256, BUFFER = 65536, CONNECT_MS = 10000, IDLE_MS = 300000, LINE = 96 };
enum phase { FREE, ASKING, CONNECTING, JOINED };

struct half { int fd; char *bytes; size_t at, used; bool ended, shut; }; /* bytes read from fd, on their way to the other */
struct pair { enum phase phase; struct half client, server; long long since; };
static struct pair pairs[MAX_PAIRS];

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void release(struct pair *p)
{
	for (struct half *h = &p->client;; h = &p->server) {
		if (h->fd >= 0) close(h->fd);
		free(h->bytes);
		*h = (struct half){ .fd = -1 };
		if (h == &p->server) break;
	}
	p->phase = FREE;
}

static void refuse(struct pair *p, const char *why)
{
	char line[160];
	int size = snprintf(line, sizeof line, "error %s\n", why);
	(void)!send(p->client.fd, line, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
	release(p);
}

static void keep_alive(int fd)
{
	int on = 1, idle_s = 5, interval_s = 2, probes = 3;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

/* The line may come in pieces; what follows it is already meant for the server. */
static void ask(struct pair *p)
{
	struct half *c = &p->client;
	ssize_t n = recv(c->fd, c->bytes + c->used, LINE - c->used, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (n <= 0) { release(p); return; }
	c->used += (size_t)n;
	char *newline = memchr(c->bytes, '\n', c->used);
	if (!newline) {
		if (c->used == LINE) refuse(p, "the line is too long");
		return;
	}
	*newline = 0;
	char address[64];
	unsigned port;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	if (memchr(c->bytes, 0, (size_t)(newline - c->bytes)) || sscanf(c->bytes, "tcp %63s %5u", address, &port) != 2 || port == 0 || port > 65535) { refuse(p, "expected: tcp ADDRESS PORT"); return; }
	bool is4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1, is6 = !is4 && inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
	if (!is4 && !is6) { refuse(p, "not an address"); return; }
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	c->at = (size_t)(newline + 1 - c->bytes);
	p->server.fd = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	p->server.bytes = malloc(BUFFER);
	if (p->server.fd < 0 || !p->server.bytes) { refuse(p, strerror(errno)); return; }
	/* A container that goes takes its network along, and with it what its process still had to say: nobody else would tell us. */
	keep_alive(p->server.fd);
	int result = is4 ? connect(p->server.fd, (struct sockaddr *)&v4, sizeof v4) : connect(p->server.fd, (struct sockaddr *)&v6, sizeof v6);
	if (result < 0 && errno != EINPROGRESS) { refuse(p, strerror(errno)); return; }
	p->phase = CONNECTING;
	p->since = now_ms();
}

static void connected(struct pair *p)
{
	int error = 0;
	socklen_t size = sizeof error;
	getsockopt(p->server.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) { refuse(p, strerror(error)); return; }
	if (send(p->client.fd, "ok\n", 3, MSG_NOSIGNAL | MSG_DONTWAIT) != 3) { release(p); return; }
	p->phase = JOINED;
}

/* Moves what it can from one side to the other. False when the pair is over. */
static bool pump(struct half *from, struct half *to)
{
	for (int round = 0; round < 8; round++) {
		if (from->at == from->used && !from->ended) {
			ssize_t n = recv(from->fd, from->bytes, BUFFER, MSG_DONTWAIT);
			if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
			if (n == 0) from->ended = true;
			from->at = 0;
			from->used = n > 0 ? (size_t)n : 0;
			if (n < 0) return true;
		}
		if (from->at < from->used) {
			ssize_t n = send(to->fd, from->bytes + from->at, from->used - from->at, MSG_DONTWAIT | MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
			if (n <= 0) return true;
			from->at += (size_t)n;
		}
		if (from->ended && from->at == from->used) {
			if (!from->shut) shutdown(to->fd, SHUT_WR);
			from->shut = true;
			return true;
		}
	}
	return true;
}

static void take(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) return;
	for (int i = 0; i < MAX_PAIRS; i++) {
		if (pairs[i].phase != FREE) continue;
		char *bytes = malloc(BUFFER);
		if (!bytes) break;
		pairs[i] = (struct pair){ .phase = ASKING, .client = { .fd = fd, .bytes = bytes }, .server = { .fd = -1 }, .since = now_ms() };
		return;
	}
	close(fd);
}

static void serve(int listener)
{
	long long used = now_ms();
	for (;;) {
		struct pollfd p[1 + 2 * MAX_PAIRS];
		struct pair *whose[1 + 2 * MAX_PAIRS];
		nfds_t count = 1;
		p[0] = (struct pollfd){ listener, POLLIN, 0 };
		for (int i = 0; i < MAX_PAIRS; i++) {
			struct pair *pair = &pairs[i];
			struct half *c = &pair->client, *s = &pair->server;
			if (pair->phase == FREE) continue;
			if (pair->phase == ASKING) whose[count] = pair, p[count++] = (struct pollfd){ c->fd, POLLIN, 0 };
			if (pair->phase == CONNECTING) whose[count] = pair, p[count++] = (struct pollfd){ s->fd, POLLOUT, 0 };
			if (pair->phase != JOINED) continue;
			short for_client = (short)((c->at == c->used && !c->ended ? POLLIN : 0) | (s->at < s->used ? POLLOUT : 0));
			short for_server = (short)((s->at == s->used && !s->ended ? POLLIN : 0) | (c->at < c->used ? POLLOUT : 0));
			if (for_client) whose[count] = pair, p[count++] = (struct pollfd){ c->fd, for_client, 0 };
			if (for_server) whose[count] = pair, p[count++] = (struct pollfd){ s->fd, for_server, 0 };
		}
		if (count > 1) used = now_ms();
		else if (now_ms() - used > IDLE_MS) return;
		int ready = poll(p, count, 1000);
		if (ready < 0 && errno != EINTR) return;
		for (nfds_t i = 1; ready > 0 && i < count; i++) {
			struct pair *pair = whose[i];
			if (!p[i].revents || pair->phase == FREE) continue;
			if (pair->phase == ASKING) ask(pair);
			else if (pair->phase == CONNECTING) connected(pair);
			if (pair->phase != JOINED) continue;
			if (!pump(&pair->client, &pair->server) || !pump(&pair->server, &pair->client) || (pair->client.shut && pair->server.shut)) release(pair);
		}
		if (ready > 0 && p[0].revents) take(listener);
		for (int i = 0; i < MAX_PAIRS; i++)
			if ((pairs[i].phase == ASKING || pairs[i].phase == CONNECTING) && now_ms() - pairs[i].since > CONNECT_MS) refuse(&pairs[i], "timed out");
	}
}

int relay_main(struct config *c)
{
	struct entrance e = { .pid = config_number(c), .started = config_number(c), .net_only = true };
	e.uid = (uid_t)config_number(c);
	e.cgroups = config_list(c, NULL);
	const char *path = config_string(c);
	gid_t group = (gid_t)config_number(c);
	struct text filter = read_filter(config_string(c));
	errno = 0;
	if (e.uid < 65536) die("configuration: uids of a lab start above 65536");
	int listener = listen_at(path, group);
	enter_host(&e);
	pid_t pid = fork();
	if (pid < 0) die("fork");
	if (pid > 0) return 0;
	setsid();
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "slipway-relay");
	set_title("slipway-relay");
	limit_self();
	shield();
	load_filter(filter);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || chdir("/") < 0) _exit(1);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	for (int i = 0; i < MAX_PAIRS; i++) pairs[i].client.fd = pairs[i].server.fd = -1;
	serve(listener);
	return 0;
}
