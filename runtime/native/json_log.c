/* Docker's json-file log: {"log":"text\n","stream":"stdout","time":"…"} a line. Like Docker's, a line longer than 16 KiB is split, and
 * what has no newline yet is written when the stream ends.  https://docs.docker.com/engine/logging/drivers/json-file/ */
#define _GNU_SOURCE
#include "native.h"
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

size_t format_time(char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t used = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	return used + (size_t)snprintf(out + used, size - used, ".%09ldZ", now.tv_nsec);
}

/* The length of the valid UTF-8 sequence at s, or 0. */
static size_t utf8(const unsigned char *s, size_t left)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
	if (n == 0 || n > left) return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80) return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90)) return 0;
	return n;
}

size_t json_escape(const char *bytes, size_t size, char *out)
{
	const unsigned char *s = (const unsigned char *)bytes;
	char *o = out;
	for (size_t i = 0; i < size;) {
		unsigned char c = s[i];
		size_t n;
		if (c == '"' || c == '\\') { *o++ = '\\'; *o++ = (char)c; i++; }
		else if (c == '\n') { *o++ = '\\'; *o++ = 'n'; i++; }
		else if (c == '\r') { *o++ = '\\'; *o++ = 'r'; i++; }
		else if (c == '\t') { *o++ = '\\'; *o++ = 't'; i++; }
		else if (c < 0x20 || c == '<' || c == '>' || c == '&') { o += sprintf(o, "\\u%04x", c); i++; }
		else if ((n = utf8(s + i, size - i))) { memcpy(o, s + i, n); o += n; i += n; }
		else { memcpy(o, "\\ufffd", 6); o += 6; i++; }
	}
	return (size_t)(o - out);
}

/* The same bytes in another file: shared blocks where the file system can, else copied. */
static void move_content(int from, int to)
{
	char chunk[16384];
	ssize_t n;
	if (ftruncate(to, 0) < 0 || ioctl(to, FICLONE, from) == 0) return;
	for (off_t at = 0; (n = pread(from, chunk, sizeof chunk, at)) > 0; at += n)
		if (pwrite(to, chunk, (size_t)n, at) != n) return;
}

/* Files keep their names and their descriptors, and contents move on: a rename would take a way into the directory, which lies outside the lab. */
static void rotate(struct json_log *log)
{
	for (int i = log->files - 2; i >= 0; i--) move_content(i ? log->older[i - 1] : log->fd, log->older[i]);
	if (ftruncate(log->fd, 0) == 0) log->size = 0;
}

static void entry(struct json_log *log, int stream, const char *bytes, size_t size)
{
	static char out[6 * 16384 + LOG_ATTRIBUTES_MAX + 256];
	if (log->size >= log->limit && log->files) rotate(log);
	if (log->size >= log->limit) return;
	size_t used = (size_t)sprintf(out, "{\"log\":\"");
	used += json_escape(bytes, size, out + used);
	used += (size_t)sprintf(out + used, "\",\"stream\":\"%s\",", stream == 2 ? "stderr" : "stdout");
	if (log->attributes && *log->attributes) used += (size_t)snprintf(out + used, LOG_ATTRIBUTES_MAX, "\"attrs\":%s,", log->attributes);
	used += (size_t)sprintf(out + used, "\"time\":\"");
	used += format_time(out + used, 64);
	used += (size_t)sprintf(out + used, "\"}\n");
	if (write_all(log->fd, out, used) < 0) log->size = log->limit; /* the disk is full: nothing more is kept */
	else log->size += used;
	if (log->size >= log->limit && !log->files) {
		static const char full[] = "{\"log\":\"[slipway] this log has reached its limit; further output is not kept\\n\",\"stream\":\"stderr\",\"time\":\"";
		used = (size_t)sprintf(out, "%s", full);
		used += format_time(out + used, 64);
		used += (size_t)sprintf(out + used, "\"}\n");
		(void)!write(log->fd, out, used);
	}
}

void json_log_write(struct json_log *log, int stream, const char *bytes, size_t size)
{
	if (log->fd < 0) return;
	while (size) {
		const char *newline = memchr(bytes, '\n', size);
		size_t take = newline ? (size_t)(newline - bytes) + 1 : size;
		size_t room = sizeof log->line[stream].bytes - log->line[stream].used;
		if (take > room) { take = room; newline = NULL; }
		memcpy(log->line[stream].bytes + log->line[stream].used, bytes, take);
		log->line[stream].used += take;
		bytes += take;
		size -= take;
		if (newline || log->line[stream].used == sizeof log->line[stream].bytes) {
			entry(log, stream, log->line[stream].bytes, log->line[stream].used);
			log->line[stream].used = 0;
		}
	}
}

void json_log_flush(struct json_log *log)
{
	for (int stream = 1; stream <= 2; stream++) {
		if (log->fd >= 0 && log->line[stream].used) entry(log, stream, log->line[stream].bytes, log->line[stream].used);
		log->line[stream].used = 0;
	}
}
