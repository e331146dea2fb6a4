// The gate of a lab as root makes it, in sh, with the machine's own programs: nothing in it comes from a lab. Run by gates.ts.
// It builds a root of its own with programs and two devices in it, makes the gate's user and network namespaces as the gate's uid, pairs a link with the
// lab's, and leaves two processes: slirp4netns, without any right, in the machine's network (or the one the operator names), and dnsmasq, root of the gate alone.
import { LAB_SIDE } from '../../kernel/egress-link.ts';
import { OUTSIDE } from './ruleset.ts';

/** Arguments: an empty directory, uid, pid of the lab's init, network namespace or '', file of names asked for, bits a second, cgroup directories. Prints the two pids. */
export const GATE_SCRIPT = `
cell=$1 uid=$2 init=$3 uplink=$4 asked=$5 rate=$6; shift 6
for dir; do echo 0 >"$dir/cgroup.procs"; done
exec 9<"\${uplink:-/proc/self/ns/net}"
mount -t tmpfs -o mode=0755,size=1m,nosuid gate "$cell"
cd "$cell"
mkdir proc dev dev/net etc run usr old
printf '%s' "$RULES" >etc/gate.nft
printf '%s' "$NAMES" >etc/dnsmasq.conf
printf '%s' "$RESOLV" >etc/resolv.conf
echo 'root:x:0:0:::' >etc/passwd
# dnsmasq would change to that group, which is not to be had in here.
: >etc/group
cp /etc/ld.so.cache etc/ 2>/dev/null || true
bind() { mount --bind "/$1" "$1"; mount -o remount,bind,ro,nosuid,nodev "$1"; }
bind usr
for dir in bin sbin lib lib32 lib64; do
  if [ -L "/$dir" ]; then cp -P "/$dir" "$dir"; elif [ -d "/$dir" ]; then mkdir "$dir"; bind "$dir"; fi
done
for device in null urandom; do : >dev/$device; mount --bind /dev/$device dev/$device; done
# Some machines keep it for root alone: a node of the gate's own.
if mknod -m 600 dev/net/tun c 10 200 2>/dev/null; then chown "$uid:$uid" dev/net/tun; else : >dev/net/tun; mount --bind /dev/net/tun dev/net/tun; fi
chown "$uid:$uid" run
: >run/asked
mount --bind "$asked" run/asked
mount --bind /proc proc
pivot_root . old
cd /
umount -l /old
rmdir /old
unset RULES NAMES RESOLV
until_() { what=$1 tries=0; shift; until "$@" 2>/dev/null; do tries=$((tries + 1)); [ $tries -lt 500 ] && kill -0 "$holder" || { cat /run/why* >&2; echo "$what" >&2; exit 1; }; sleep 0.02; done; }
setsid setpriv --reuid="$uid" --regid="$uid" --clear-groups --no-new-privs --inh-caps=-all unshare --user --map-root-user --net sh -euc "$INSIDE" gate "$rate" 9<&- </dev/null >/dev/null 2>/run/why &
holder=$!
unset INSIDE
until_ 'the rules of the gate could not be loaded' [ -e /run/up ]
# The link of an earlier gate goes with its namespace, some moments later.
until_ 'a link called ${LAB_SIDE.link} is in the way, which the lab has made' ip link add name lab0 netns "$holder" type veth peer name ${LAB_SIDE.link} netns "$init"
setsid nsenter --net=/proc/self/fd/9 sh -c 'exec "$@" 9<&-' sh setpriv --reuid="$uid" --regid="$uid" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \\
  slirp4netns --disable-host-loopback --enable-seccomp --enable-ipv6 --mtu=1500 --cidr=${OUTSIDE.cidr} --userns-path="/proc/$holder/ns/user" --netns-type=path "/proc/$holder/ns/net" tap0 </dev/null >/dev/null 2>/run/why-not &
slirp=$!
until_ 'slirp4netns did not start' grep -q tap0: "/proc/$holder/net/dev"
exec 9<&-
echo >/run/go
until_ 'dnsmasq did not start' grep -q ':0035 ' "/proc/$holder/net/udp"
# Neither of the two sees the machine's processes from now on.
umount -l /proc
chown 0:0 /run
echo "$holder $slirp"
`;

/** As root of the gate's namespaces. The rules are there before anything can pass. */
export const INSIDE_SCRIPT = `
nft -f /etc/gate.nft
echo >/run/up
until [ -e /run/go ]; do sleep 0.02; done
cd /proc/sys/net
echo 0 >ipv4/icmp_ratelimit; echo 0 >ipv6/icmp/ratelimit
for i in all default lab0 tap0; do
  echo 0 >ipv6/conf/$i/accept_ra; echo 0 >ipv6/conf/$i/accept_redirects; echo 0 >ipv4/conf/$i/accept_redirects; echo 0 >ipv4/conf/$i/send_redirects; echo 1 >ipv4/conf/$i/rp_filter; echo 0 >ipv6/conf/$i/accept_dad
done
ip -batch - <<END
link set lo up
addr add ${LAB_SIDE.gateway}/${LAB_SIDE.prefix} dev lab0
addr add ${LAB_SIDE.dns}/${LAB_SIDE.prefix} dev lab0
addr add ${LAB_SIDE.gateway6}/${LAB_SIDE.prefix6} dev lab0 nodad
addr add ${LAB_SIDE.dns6}/${LAB_SIDE.prefix6} dev lab0 nodad
addr add ${OUTSIDE.ip}/24 dev tap0
addr add ${OUTSIDE.ip6}/64 dev tap0 nodad
link set lab0 up
link set tap0 up
route add default via ${OUTSIDE.gateway}
route add default via ${OUTSIDE.gateway6}
END
tc qdisc add dev lab0 root tbf rate "$1" burst 128kb latency 100ms
tc qdisc add dev tap0 root tbf rate "$1" burst 128kb latency 100ms
echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding
cd /
# What is written down of questions has an end; dnsmasq then goes on without.
trap '' XFSZ
ulimit -f 512
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --inh-caps=-all --bounding-set=-all,+net_admin,+net_bind_service dnsmasq --keep-in-foreground --conf-file=/etc/dnsmasq.conf
`;
