/* Reading files of a lab from outside, for the engine. The reader is the lab's own root as far as files go (its uid, its user namespace), but stays
 * in the machine's mount and pid namespaces: no program, library or mount of the lab has a say in how it reads, and nobody in the lab can see it.
 * Paths are a learner's: each is resolved below the root of a process of the lab and cannot leave it, whatever its links say; only plain files of
 * plain file systems and control groups are opened, never a pipe, a device or another of the kernel's own files. A line for each request; the engine understands it. */
#define _GNU_SOURCE
#include "native.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { DEADLINE_S = 3, MAX_CONTENT = 40 << 10 };
#ifndef OVERLAYFS_SUPER_MAGIC
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#endif

static int open_below(int root, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static bool is_plain(int fd)
{
	struct statfs s;
	if (fstatfs(fd, &s) < 0) return false;
	return s.f_type == OVERLAYFS_SUPER_MAGIC || s.f_type == BTRFS_SUPER_MAGIC || s.f_type == TMPFS_MAGIC || s.f_type == EXT4_SUPER_MAGIC
		|| s.f_type == CGROUP_SUPER_MAGIC || s.f_type == CGROUP2_SUPER_MAGIC;
}

static void print_base64(const unsigned char *b, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < size; i += 3) {
		unsigned v = (unsigned)b[i] << 16 | (i + 1 < size ? (unsigned)b[i + 1] << 8 : 0) | (i + 2 < size ? b[i + 2] : 0);
		putchar(digits[v >> 18]);
		putchar(digits[v >> 12 & 63]);
		putchar(i + 1 < size ? digits[v >> 6 & 63] : '=');
		putchar(i + 2 < size ? digits[v & 63] : '=');
	}
}

/* The file is known to be a plain one, and is what was looked at: opened by descriptor. Without waiting: somebody may hold a lease on it. */
static void print_content(int looked_at, size_t limit)
{
	static unsigned char content[MAX_CONTENT];
	char self[32];
	snprintf(self, sizeof self, "/proc/self/fd/%d", looked_at);
	int fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) { putchar('-'); return; }
	size_t used = 0;
	for (ssize_t n; used < limit && (n = read(fd, content + used, limit - used)) > 0;) used += (size_t)n;
	close(fd);
	putchar('=');
	print_base64(content, used);
}

static void print_file(int root, const char *path, size_t limit)
{
	struct stat st;
	int fd = open_below(root, path, O_PATH | O_NOFOLLOW);
	bool link = fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
	if (link) {
		close(fd);
		fd = open_below(root, path, O_PATH);
		if (fd < 0) { printf("l 0 0 0 0 1 -\n"); return; } /* leads nowhere */
	}
	if (fd < 0 || fstat(fd, &st) < 0 || !is_plain(fd)) { printf(".\n"); goto done; }
	char type = S_ISREG(st.st_mode) ? 'f' : S_ISDIR(st.st_mode) ? 'd' : 'o';
	printf("%c %o %u %u %lld %d ", type, st.st_mode & 07777, st.st_uid, st.st_gid, (long long)st.st_size, link);
	if (type == 'f' && limit > 0) print_content(fd, limit);
	else putchar('-');
	putchar('\n');
done:
	if (fd >= 0) close(fd);
}

int read_main(struct config *c)
{
	struct entrance e = { .pid = config_number(c), .started = config_number(c) };
	e.uid = (uid_t)config_number(c);
	e.cgroups = config_list(c, NULL);
	struct text filter = read_filter(config_string(c));
	errno = 0;
	if (e.uid < 65536) die("configuration: uids of a lab start above 65536");
	e.user_only = true;
	alarm(DEADLINE_S); /* whatever may make a file system hang */
	enter_host(&e);
	limit_self();
	shield();
	load_filter(filter);
	for (long long left = config_number(c); left > 0; left--) {
		long long pid = config_number(c), limit = config_number(c);
		const char *path = config_string(c);
		char root_path[64];
		snprintf(root_path, sizeof root_path, "/proc/%lld/root", pid ? pid : e.pid);
		/* The kernel lets us have only roots of processes that the lab's own root may look into. */
		int root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0) { printf("?\n"); continue; }
		print_file(root, path, limit < 0 ? 0 : limit > MAX_CONTENT ? MAX_CONTENT : (size_t)limit);
		close(root);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
