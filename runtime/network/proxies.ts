// What holds a published port in the host, as on any Docker host: a docker-proxy for each. It makes the port taken for every other program and leads
// IPv6 (and what packet rules do not catch) to the container; packet rules (rules.ts) carry IPv4. Steps of endpoint.ts and container/connect.ts; pure.
import type { Endpoint } from '../container/model.ts';
import type { Step } from '../kernel/protocol.ts';
import { hostToolboxDir } from '../paths.ts';

const DIRECTORY = '/run/docker/proxies';
const pidsOf = (containerId: string) => `${DIRECTORY}/${containerId}`;

/**
 * Each says on descriptor 3 that it has bound its port (0), or why not (1 and a line), and closes it: so the substitution ends when all have. Arguments: the file
 * of pids, dockerd's beginning of the sentence, then five for each port. One processor is enough for each: its threads count for the lab's limit.
 */
const HOLD = `f=$1 s=$2; shift 2; : > "$f"
said=$(while [ $# -gt 0 ]; do
	GOMAXPROCS=1 ${hostToolboxDir}/bin/docker-proxy -proto "$1" -host-ip "$2" -host-port "$3" -container-ip "$4" -container-port "$5" 3>&1 >/dev/null 2>&1 </dev/null &
	echo $! >> "$f"; shift 5
done)
case "$said" in *[a-z]*) echo "docker: $s$(echo "$said" | busybox sed -n '/[a-z]/{s/[01]*$//;p;q}')"; exit 1;; esac`;

/** Only what still is a proxy: the number may be another process's by now. */
const LET_GO = `[ -e "$1" ] || exit 0; while read -r p; do c=; [ ! -e /proc/$p/comm ] || read -r c < /proc/$p/comm; [ "$c" != docker-proxy ] || kill $p; done < "$1"; :`;

export function holdPorts(containerId: string, name: string, endpoint: Endpoint): Step[] {
  if (endpoint.ports.length === 0) return [];
  const ports = endpoint.ports.flatMap(p => [p.protocol, p.hostIp, String(p.hostPort), p.hostIp.includes(':') && endpoint.ip6 ? endpoint.ip6 : endpoint.ip, String(p.containerPort)]);
  return [{ do: 'mkdir', path: DIRECTORY, mode: 0o755 }, { do: 'run', argv: ['busybox', 'sh', '-c', HOLD, 'sh', pidsOf(containerId), `${bindFailure(name, endpoint)}Error starting userland proxy: `, ...ports] }];
}

/** Whatever of it is there. */
export const letPortsGo = (containerId: string): Step[] => [{ do: 'run', argv: ['busybox', 'sh', '-c', LET_GO, 'sh', pidsOf(containerId)] }, { do: 'unlink', path: pidsOf(containerId) }];

export const bindFailure = (name: string, endpoint: Pick<Endpoint, 'endpointId'>) => `driver failed programming external connectivity on endpoint ${name} (${endpoint.endpointId}): `;
