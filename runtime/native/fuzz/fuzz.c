/* Feeds the program's parsers with bytes made from a seed, under the sanitizers: `fuzz ITERATIONS SEED`. Half of the inputs are noise, half are
 * well-formed ones with a few bytes changed, which get further. A finding ends the process with the sanitizer's report. */
#include "../native.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t state;
static uint32_t next(void)
{
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static size_t make_config(char *out)
{
	size_t at = 0;
	for (uint32_t strings = next() % 8; strings; strings--) {
		uint32_t length = next() % 40;
		memcpy(out + at, &length, 4);
		for (uint32_t i = 0; i < length; i++) out[at + 4 + i] = (char)next();
		out[at + 4 + length] = 0;
		at += 5 + length;
	}
	for (uint32_t changes = next() % 3; changes && at; changes--) out[next() % at] = (char)next();
	return at;
}

static void fuzz_config(void)
{
	char buffer[512];
	size_t size = next() % 2 ? make_config(buffer) : next() % 100;
	for (size_t i = 0; size < 100 && i < size && next() % 4 == 0; i++) buffer[i] = (char)next();
	char *bytes = malloc(size ? size : 1); /* exactly as large as it is, so that a step too far is seen */
	memcpy(bytes, buffer, size);
	struct config c;
	if (config_parse(bytes, size, &c)) {
		size_t sum = 0;
		for (size_t i = 0; i < c.count; i++) sum += c.items[i].size + strlen(c.items[i].bytes);
		if (sum > 2 * size) abort();
		free(c.items);
	}
	free(bytes);
}

static void fuzz_escape(void)
{
	size_t size = next() % 200;
	char *in = malloc(size ? size : 1), *out = malloc(6 * size + 1);
	for (size_t i = 0; i < size; i++) in[i] = next() % 3 ? (char)next() : "\"\\\n\xe2\x80\xa8\xf0\x9f\x90\xb3<"[next() % 12];
	size_t used = json_escape(in, size, out);
	if (used > 6 * size) abort();
	for (size_t i = 0; i < used; i++)
		if ((unsigned char)out[i] < 0x20) abort(); /* no control character may be left in a line of JSON */
	free(in);
	free(out);
}

static void fuzz_log(void)
{
	static struct json_log log;
	log.fd = STDERR_FILENO; /* the test looks at what was written: lines of JSON, each whole */
	log.limit = log.size + 300;
	char bytes[300];
	size_t size = next() % sizeof bytes;
	for (size_t i = 0; i < size; i++) bytes[i] = next() % 8 ? (char)next() : '\n';
	json_log_write(&log, 1 + (int)(next() % 2), bytes, size);
	if (next() % 4 == 0) json_log_flush(&log);
}

int main(int argc, char **argv)
{
	if (argc != 3) return 2;
	state = strtoull(argv[2], NULL, 10) * 2654435761u + 88172645463325252u;
	for (long left = atol(argv[1]); left; left--) {
		fuzz_config();
		fuzz_escape();
		if (left % 100 == 0) fuzz_log();
	}
	printf("no finding\n");
	return 0;
}
