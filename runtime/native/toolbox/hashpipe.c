/* hashpipe SUM KEEP: passes stdin on to stdout, writes the SHA-256 of it (64 digits and a newline) to the file SUM and the bytes to the file KEEP;
 * an empty name: not that. Part of the toolbox: runs inside labs as their root, in the pipelines of runtime/snapshot/scripts.ts, and is
 * coreutils' tee and sha256sum in one process. From pipe to pipe the bytes are not copied: the kernel gives the second pipe the same pages (tee(2)).
 * When nobody reads on, it ends by SIGPIPE. */
#define _GNU_SOURCE
#include "sha256.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 256 << 10, PIPE_SIZE = 256 << 10 };

static char chunk[CHUNK];

static int failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

/* Into the chunk. How much, with `all` as much as is asked for; 0 at the end, -1 on failure. */
static ssize_t take(ssize_t size, bool all)
{
	ssize_t taken = 0;
	while (taken < size && (all || taken == 0)) {
		ssize_t n = read(0, chunk + taken, (size_t)(size - taken));
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -1;
		if (n == 0) break;
		taken += n;
	}
	return taken;
}

static int create(const char *path) { return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600); }

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("hashpipe SUM KEEP\n", stderr);
		return 2;
	}
	int sum = *argv[1] ? create(argv[1]) : -1, keep = *argv[2] ? create(argv[2]) : -1;
	if (*argv[1] && sum < 0) return failed(argv[1]);
	if (*argv[2] && keep < 0) return failed(argv[2]);
	/* Refused to who has many pipes; then they are as they were. */
	fcntl(0, F_SETPIPE_SZ, PIPE_SIZE);
	fcntl(1, F_SETPIPE_SZ, PIPE_SIZE);

	struct sha256 hash;
	sha256_begin(&hash);
	bool pipes = true;
	for (;;) {
		ssize_t given = pipes ? tee(0, 1, CHUNK, 0) : -1;
		if (given == 0) break;
		if (given < 0 && pipes) {
			if (errno != EINTR) pipes = false; /* one of them is none */
			continue;
		}
		/* What was given is taken off, all of it. */
		ssize_t size = given > 0 ? take(given, true) : take(CHUNK, false);
		if (size < 0) return failed("read");
		if (size == 0) break;
		if (sum >= 0) sha256_add(&hash, chunk, (size_t)size);
		if (keep >= 0 && !write_all(keep, chunk, (size_t)size)) return failed(argv[2]);
		if (given < 0 && !write_all(1, chunk, (size_t)size)) return failed("write");
	}
	if (sum >= 0) {
		unsigned char digest[32];
		char line[66];
		sha256_end(&hash, digest);
		for (int i = 0; i < 32; i++) sprintf(line + 2 * i, "%02x", digest[i]);
		line[64] = '\n';
		if (!write_all(sum, line, 65) || close(sum) < 0) return failed(argv[1]);
	}
	if (keep >= 0 && close(keep) < 0) return failed(argv[2]);
	return 0;
}
