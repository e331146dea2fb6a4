/* The configuration of a request: a flat list of strings. Written by the broker only; parsed strictly all the same. */
#include "native.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 1 << 17 };

bool config_parse(char *bytes, size_t size, struct config *out)
{
	size_t capacity = 64, at = 0;
	struct text *items = malloc(capacity * sizeof *items);
	size_t count = 0;
	while (items && at < size) {
		if (size - at < 5) break;
		uint32_t length = (uint32_t)(unsigned char)bytes[at] | (uint32_t)(unsigned char)bytes[at + 1] << 8 | (uint32_t)(unsigned char)bytes[at + 2] << 16 |
				  (uint32_t)(unsigned char)bytes[at + 3] << 24;
		/* each string is followed by a NUL of its own, so that it can be used in place */
		if (length > size - at - 5 || bytes[at + 4 + length] != '\0' || count == MAX_ITEMS) break;
		if (count == capacity) {
			struct text *more = realloc(items, (capacity *= 2) * sizeof *items);
			if (!more) break;
			items = more;
		}
		items[count++] = (struct text){ bytes + at + 4, length };
		at += 5 + (size_t)length;
	}
	if (!items || at != size) {
		free(items);
		return false;
	}
	*out = (struct config){ items, count, 0 };
	return true;
}

struct text config_next(struct config *c)
{
	errno = 0;
	if (c->at == c->count) die("configuration ends early");
	return c->items[c->at++];
}

const char *config_string(struct config *c)
{
	struct text t = config_next(c);
	if (strlen(t.bytes) != t.size) die("configuration: a NUL in a string");
	return t.bytes;
}

long long config_number(struct config *c)
{
	const char *s = config_string(c);
	char *end;
	errno = 0;
	long long n = strtoll(s, &end, 10);
	if (end == s || *end || errno) die("configuration: not a number: %s", s);
	return n;
}

const char **config_list(struct config *c, size_t *count)
{
	long long n = config_number(c);
	errno = 0;
	if (n < 0 || (size_t)n > c->count - c->at) die("configuration: bad count");
	const char **list = calloc((size_t)n + 1, sizeof *list);
	if (!list) die("out of memory");
	for (long long i = 0; i < n; i++) list[i] = config_string(c);
	if (count) *count = (size_t)n;
	return list;
}
