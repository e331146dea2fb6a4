// What a learner can do to be a bad neighbour, each as one line typed at a prompt, and how it is known from outside that it has begun.
// Used by test/security/neighbours.test.ts, which asks whether others can go on, and by bench/neighbours.ts, which measures how fast.
import type { Figures } from '../runtime/lab/control.ts';

export interface Trouble {
  what: string;
  line: string;
  /** `output` is what its terminal has shown, `bytes` how much in all. */
  begun: (seen: { figures: Figures; output: string; bytes: number }) => boolean;
}

/** Small enough that its ends are reached within seconds. */
export const troubledLimits = { memoryBytes: 256 << 20, diskBytes: 256 << 20 };

const says = (text: string): Trouble['begun'] => ({ output }) => output.includes(text);

export const troubles: Trouble[] = [
  { what: 'bombs with forks', line: `perl -e 'while (1) { fork }'`, begun: ({ figures }) => figures.forksRefused > 0 || figures.pids > 400 },
  { what: 'fills its disk again and again', line: 'while :; do dd if=/dev/zero of=/root/big bs=1M count=4000 conv=fsync; rm /root/big; done', begun: ({ output }) => /No space|quota exceeded/.test(output) },
  { what: 'eats memory', line: `while :; do perl -e 'my @x; push @x, "x" x 1048576 while 1'; done`, begun: ({ figures }) => figures.oomKills > 0 },
  { what: 'floods its terminal', line: 'yes "$(seq -s " " 100)"', begun: ({ bytes }) => bytes > 1 << 20 },
  { what: 'floods a log', line: 'docker run --name flood busybox yes "$(seq -s " " 100)" >/dev/null', begun: ({ figures }) => (figures.recordsBytes ?? 0) > 8 << 20 || figures.logsFull > 0 },
  {
    what: 'opens 10,000 sockets', line: `perl -MSocket -e '$| = 1; for (1 .. 12) { next if fork; my @s; while (@s < 1000) { socket(my $s, AF_INET, SOCK_STREAM, 0) or last; push @s, $s } print scalar(@s), "-open\\n"; 1 while 1 } sleep 1000'`,
    begun: ({ output }) => output.split('-open\r\n').length > 10,
  },
  {
    what: 'watches 10,000 directories and touches them',
    line: `perl -e '$| = 1; my ($n, $fd) = (0, syscall(253)); for (1 .. 10000) { my $p = "/tmp/w$_"; mkdir $p; $n++ if syscall(254, $fd, $p, 0xfff) >= 0 } print "$n-watches\\n"; while (1) { utime undef, undef, "/tmp/w$_" for 1 .. 10000 }'`,
    begun: ({ output }) => /\d-watches\r\n/.test(output),
  },
  {
    what: 'freezes itself',
    line: 'f=/sys/fs/cgroup/freezer; [ -d $f ] || f=/sys/fs/cgroup; mkdir $f/x; echo $$ >$f/x/cgroup.procs; echo "free""zing"; echo FROZEN >$f/x/freezer.state || echo 1 >$f/x/cgroup.freeze; echo thawed',
    begun: says('freezing\r\n'),
  },
  { what: 'asks the engine without end', line: 'for i in 1 2 3 4 5 6 7 8; do while :; do docker ps -a >/dev/null 2>&1; done & done; echo "ask""ing"; wait', begun: says('asking\r\n') },
];
