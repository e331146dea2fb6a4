/* Dying with a reason, and writing whole files. */
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
