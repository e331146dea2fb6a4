/* slipway-native: `host` makes a host of a lab, `task` enters one and holds a task, `init` is pid 1 of a host. Run by the broker only. */
#include "native.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "host") == 0) return host_main();
	if (argc == 2 && strcmp(argv[1], "task") == 0) return task_main();
	if (argc == 2 && strcmp(argv[1], "init") == 0) return init_main();
	fprintf(stderr, "usage: slipway-native host|task|init, with its configuration on stdin\n");
	return 2;
}
