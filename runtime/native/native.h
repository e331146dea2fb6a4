/* What the files of the native program share. The program does what Node cannot: it makes a host of a lab (host.c), enters one
 * (enter.c) and holds a task's stdio there (hold.c). The broker sends it requests on stdin, each with its whole configuration (serve.c). */
#ifndef SLIPWAY_NATIVE_H
#define SLIPWAY_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* config.c: the configuration is a list of strings, each a u32 (little endian) length and that many bytes. */
struct text {
	char *bytes; /* NUL-terminated by us; may hold NULs only where said so */
	size_t size;
};
struct config {
	struct text *items;
	size_t count, at;
};
bool config_parse(char *bytes, size_t size, struct config *out); /* false when malformed; keeps pointers into bytes */
struct text config_next(struct config *c);
const char *config_string(struct config *c); /* dies when it holds a NUL */
long long config_number(struct config *c);
const char **config_list(struct config *c, size_t *count); /* a count, then that many strings; NULL-terminated */

/* fail.c */
_Noreturn void die(const char *what, ...) __attribute__((format(printf, 1, 2))); /* adds errno's text when errno is set; exit 1 */
int write_all(int fd, const void *bytes, size_t size);
int write_file(const char *path, const char *text); /* 0, or -1 with errno */

/* step.c: what is done inside a host before and after a command (protocol.ts stepSchema). */
struct tools {
	int fd;           /* the toolbox directory, opened outside of the lab */
	const char **env; /* of programs run by steps */
};
/* hold.c: keeps a text in the task's status file, for whoever asks how it ended. */
void task_note(const char *name, const char *text);
/* Runs `count` steps read from c. Returns true, or false with the reason in why. When not strict, failures are passed over. */
bool steps_run(struct config *c, const struct tools *tools, bool strict, char *why, size_t why_size);
/* Moves past the steps without running them and gives the place to come back to. */
struct config steps_skip(struct config *c);
/* A lab at its limit of processes is often just letting some go, so it tries for a second. */
pid_t fork_patiently(void);
/* Executes argv[0]: a toolbox program when it has no slash, else a file of the host. Returns only on failure. */
void exec_program(const struct tools *tools, const char **argv, const char **env);
/* A detached, optionally idmapped copy of the tree at source, with mount attributes, moved to target. 0, or -1 with errno. */
int mount_tree(const char *source, const char *target, uint64_t set, uint64_t clear, int idmap_userns);

/* enter.c */
struct entrance {
	long long pid, started; /* the host's init, and its start time in clock ticks (/proc/PID/stat field 22) */
	const char **cgroups;   /* directories to move into, before the namespaces */
	uid_t uid;              /* the lab's base uid and gid */
	bool net_only;  /* the user and network namespaces and no other */
	bool user_only; /* the user namespace and no other */
};
void enter_host(const struct entrance *e); /* dies on failure; afterwards we are the lab's root, not yet in its pid namespace ourselves */
bool join_alone(const char *dir); /* puts us into a cgroup without waiting for the kernel; v1 only */
void shield(void);                           /* from tracing by the lab's root; call before its pid namespace is joined */
void limit_self(void);                      /* bounding set, rlimits, no ambient capabilities */
void load_filter(struct text program);      /* a seccomp BPF program */
struct text read_filter(const char *path);
void close_from(int first);

/* json_log.c: Docker's json-file format. */
enum { LOG_FILES_MAX = 16, LOG_ATTRIBUTES_MAX = 8192 };
struct json_log {
	int fd;
	uint64_t size, limit;
	int older[LOG_FILES_MAX]; /* where it goes when it has reached its limit, the newest first; opened before the lab is entered */
	int files;                /* how many there are, fd's among them; 0: what comes after the limit is dropped, and the log says so */
	const char *attributes;   /* JSON that each entry carries, or "" */
	struct { char bytes[16384]; size_t used; } line[3]; /* by stream: 1 stdout, 2 stderr */
};
void json_log_write(struct json_log *log, int stream, const char *bytes, size_t size);
void json_log_flush(struct json_log *log); /* what has no newline yet */
size_t json_escape(const char *bytes, size_t size, char *out); /* out: 6 bytes an input byte; returns the length */
size_t format_time(char *out, size_t size);                     /* RFC 3339 with nanoseconds, UTC */

int listen_at(const char *path, gid_t group); /* a unix socket for root and the group; dies on failure */

void set_title(const char *name); /* what ps shows: a name, not where the machine keeps its programs */

int host_main(struct config *c);
int relay_main(struct config *c);
int read_main(struct config *c);
int task_main(struct config *c);
int serve_main(void);
int init_main(void);

#endif
