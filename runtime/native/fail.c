/* Dying with a reason, writing whole files, listening. */
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Noreturn void die(const char *what, ...)
{
	int error = errno;
	va_list args;
	va_start(args, what);
	vfprintf(stderr, what, args);
	va_end(args);
	if (error) fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	_exit(1);
}

int write_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;
	while (size) {
		ssize_t n = write(fd, at, size);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) return -1;
	int result = write_all(fd, text, strlen(text)), error = errno;
	close(fd);
	errno = error;
	return result;
}

int listen_at(const char *path, gid_t group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	errno = 0;
	if (strlen(path) >= sizeof address.sun_path) die("socket path too long: %s", path);
	strcpy(address.sun_path, path);
	unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0117);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 256) < 0) die("listen on %s", path);
	if (lchown(path, 0, group) < 0) die("chown %s", path);
	umask(mask);
	return fd;
}
