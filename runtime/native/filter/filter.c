/* Writes the labs' seccomp filters as BPF, at set-up: `filter full|strict > file`. They allow what lessons need and deny what only attacks the
 * kernel. Everything in a lab runs under `full`; commands of labs with the strict profile run under `strict` as well. Containers
 * get Docker's default profile on top, from their runtime. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define EACH(list, name) for (const char *const *name = list; *name; name++)

/* Never needed in a lab; each is a door into the kernel or into the machine as a whole. */
static const char *const denied[] = {
	"bpf", "perf_event_open", "userfaultfd", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
	"open_by_handle_at", "acct", "swapon", "swapoff", "reboot", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "quotactl", "quotactl_fd",
	"nfsservctl", "lookup_dcookie", "iopl", "ioperm", "vm86", "vm86old", "syslog", "create_module", "get_kernel_syms", "query_module", "uselib", "ustat", "sysfs",
	"_sysctl", "move_pages", "migrate_pages", "set_mempolicy_home_node", "vhangup", "lsm_set_self_attr", NULL };
/* Programs fall back when these do not exist (a runtime does without a keyring of the container's own). */
static const char *const absent[] = { "keyctl", "add_key", "request_key", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_secret", "map_shadow_stack", NULL };

static scmp_filter_ctx filter;

static void check(int result, const char *what)
{
	if (result == 0 || result == -EEXIST) return;
	fprintf(stderr, "filter: %s: %s\n", what, strerror(-result));
	_exit(1);
}

static void deny(int error, const char *name, unsigned count, struct scmp_arg_cmp a)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR) return; /* this libseccomp is older than the call, or the architecture has none */
	check(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((unsigned)error), number, count, &a), name);
}

static void deny_socket_families(int strict)
{
	/* Labs talk unix, IP and netlink. Others (vsock reaches the hypervisor, AF_ALG the kernel's crypto) stay shut. */
	for (int family = 0; family <= 45; family++) {
		if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK || (family == AF_PACKET && !strict)) continue;
		deny(EAFNOSUPPORT, "socket", 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, (unsigned)family));
		deny(EAFNOSUPPORT, "socketpair", 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, (unsigned)family));
	}
}

/* Links, routes, sockets' states, device events; with `full` also packet rules and generic netlink. Not the others: what one tells NETLINK_XFRM (IPsec) takes
 * the kernel's memory without end, and is charged to nobody. */
static void deny_netlink(int strict)
{
	for (int protocol = 0; protocol < 32 /* MAX_LINKS */; protocol++) {
		if (protocol == NETLINK_ROUTE || protocol == NETLINK_SOCK_DIAG || protocol == NETLINK_KOBJECT_UEVENT) continue;
		if (!strict && (protocol == NETLINK_NETFILTER || protocol == NETLINK_GENERIC)) continue;
		int call = seccomp_syscall_resolve_name("socket");
		int error = protocol == NETLINK_NETFILTER ? EPERM : EPROTONOSUPPORT;
		check(seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)error), call, 2, SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, AF_NETLINK), SCMP_A2(SCMP_CMP_MASKED_EQ, 0xffffffff, (unsigned)protocol)), "netlink");
	}
}

int main(int argc, char **argv)
{
	int strict = argc == 2 && strcmp(argv[1], "strict") == 0;
	if (!strict && !(argc == 2 && strcmp(argv[1], "full") == 0)) return fprintf(stderr, "usage: filter full|strict\n"), 2;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter) return 1;
	/* Every way of calling the kernel, not only the native one. */
	if (seccomp_arch_native() == SCMP_ARCH_X86_64) {
		check(seccomp_arch_add(filter, SCMP_ARCH_X86), "x86");
		check(seccomp_arch_add(filter, SCMP_ARCH_X32), "x32");
	} else if (seccomp_arch_native() == SCMP_ARCH_AARCH64) check(seccomp_arch_add(filter, SCMP_ARCH_ARM), "arm");
	check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimise");

	struct scmp_arg_cmp any = { 0 };
	EACH(denied, name) deny(EPERM, *name, 0, any);
	EACH(absent, name) deny(ENOSYS, *name, 0, any);
	deny_socket_families(strict);
	deny_netlink(strict);
	/* Typing into another's terminal. */
	deny(EPERM, "ioctl", 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, TIOCSTI));
	deny(EPERM, "ioctl", 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, 0x541c /* TIOCLINUX */));
	/* Subvolumes and snapshots of one's own, which btrfs allows to everybody: they have no quota, and their parent could not be removed.
	 * BTRFS_IOC_* that take a name are all of this form; FICLONE is not. */
	deny(EPERM, "ioctl", 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffff00, 0x50009400));
	deny(EPERM, "ioctl", 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, 0x4008941a /* BTRFS_IOC_SUBVOL_SETFLAGS */));
	/* A lease makes everybody else who opens the file wait for up to a minute; files of shared layers and of the workstation are everybody's. */
	for (unsigned command = 1024 /* F_SETLEASE */; command <= 1040 /* F_SETDELEG */; command += 16) {
		deny(EACCES, "fcntl", 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, command));
		deny(EACCES, "fcntl64", 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, command));
	}
	if (strict) {
		deny(EPERM, "unshare", 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
		deny(EPERM, "clone", 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
		deny(ENOSYS, "clone3", 0, any); /* its flags lie in memory, out of a filter's sight; the C library falls back to clone */
	}
	check(seccomp_export_bpf(filter, STDOUT_FILENO), "export");
	seccomp_release(filter);
	return 0;
}
