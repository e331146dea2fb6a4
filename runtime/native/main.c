/* slipway-native: `serve` makes hosts, tasks and relays for the broker, who runs it; `init` is pid 1 of a host. */
#include "native.h"
#include <stdio.h>
#include <string.h>

static char *title;
static size_t title_size;

void set_title(const char *name)
{
	if (strlen(name) > title_size) return;
	memset(title, 0, title_size);
	memcpy(title, name, strlen(name));
}

int main(int argc, char **argv)
{
	close_from(3); /* whatever we were started with: nothing of it may reach a lab */
	if (argc == 2 && strcmp(argv[1], "serve") == 0) {
		title = argv[0];
		title_size = (size_t)(argv[1] + strlen(argv[1]) - argv[0]);
		return serve_main();
	}
	if (argc == 2 && strcmp(argv[1], "init") == 0) return init_main();
	fprintf(stderr, "usage: slipway-native serve|init\n");
	return 2;
}
