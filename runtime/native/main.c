/* slipway-native: `host` makes a host of a lab, `task` enters one and holds a task, `relay` joins its network,
 * `init` is pid 1 of a host. Run by the broker only. */
#include "native.h"
#include <stdio.h>
#include <string.h>

/* What ps in a host shows of a shim: a name, not where the machine keeps its programs. */
static void show_as(char **argv, int argc, const char *name)
{
	size_t size = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]);
	if (strlen(name) > size) return;
	memset(argv[0], 0, size);
	memcpy(argv[0], name, strlen(name));
}

int main(int argc, char **argv)
{
	close_from(3); /* whatever we were started with: nothing of it may reach a lab */
	if (argc == 2 && strcmp(argv[1], "host") == 0) return host_main();
	if (argc == 2 && strcmp(argv[1], "task") == 0) {
		show_as(argv, argc, "slipway-shim");
		return task_main();
	}
	if (argc == 2 && strcmp(argv[1], "relay") == 0) {
		show_as(argv, argc, "slipway-relay");
		return relay_main();
	}
	if (argc == 2 && strcmp(argv[1], "init") == 0) return init_main();
	fprintf(stderr, "usage: slipway-native host|task|relay|init, with its configuration on stdin\n");
	return 2;
}
