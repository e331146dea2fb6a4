// Who a container's process runs as. Root and numeric uid:gid need nothing; names are looked up in the image's own passwd and group,
// read inside the lab, since their path is the learner's. Texts are those of Docker.
import { SlipwayError } from '../errors.ts';
import { layerPath } from '../snapshot/layer-path.ts';
import type { ResolvedUser } from '../oci/spec.ts';
import { runHelper } from './helper.ts';
import { diffDir } from './paths.ts';
import type { ContainerRecord, Host } from './model.ts';

const MAX_ID = 2_147_483_647;

export async function resolveUser(host: Host, record: ContainerRecord, user: string, groupAdd: readonly string[]): Promise<ResolvedUser> {
  const direct = withoutFiles(user);
  const numericGroups = groupAdd.every(g => /^\d+$/.test(g));
  if (direct && numericGroups) return { ...direct, additionalGids: [...direct.additionalGids, ...groupAdd.map(Number)] };
  return lookUp(await readAccounts(host, record), user, groupAdd);
}

/** '' and root are 0:0 in every image that Docker would run as root; `uid:gid` says it all. */
function withoutFiles(user: string): ResolvedUser | null {
  if (user === '' || user === '0' || user === 'root' || user === '0:0' || user === 'root:root') return { uid: 0, gid: 0, additionalGids: [0] };
  const match = /^(\d+):(\d+)$/.exec(user);
  return match ? { uid: inRange(match[1]!), gid: inRange(match[2]!), additionalGids: [inRange(match[2]!)] } : null;
}

function inRange(text: string): number {
  const id = Number(text);
  if (id > MAX_ID || id < 0) throw new SlipwayError('InvalidParameter', `uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

interface Accounts { passwd: { name: string; uid: number; gid: number }[]; group: { name: string; gid: number; members: string[] }[] }

/** The topmost passwd and group of the container's own layer and the image's. */
async function readAccounts(host: Host, record: ContainerRecord): Promise<Accounts> {
  const layers = [diffDir(record.id), ...record.layers.toReversed().map(layerPath)];
  const script = 'for f in passwd group; do for d in "$@"; do if [ -e "$d/etc/$f" ]; then [ -f "$d/etc/$f" ] && head -c 1000000 "$d/etc/$f"; break; fi; done; echo; echo ---; done';
  const { stdout } = await runHelper(host, { argv: ['busybox', 'sh', '-c', script, 'sh', ...layers] });
  const [passwd = '', group = ''] = stdout.split('\n---\n');
  const fields = (text: string) => text.split('\n').filter(line => line && !line.startsWith('#')).map(line => line.split(':'));
  return {
    passwd: fields(passwd).map(f => ({ name: f[0]!, uid: Number(f[2]), gid: Number(f[3]) })).filter(u => u.name),
    group: fields(group).map(f => ({ name: f[0]!, gid: Number(f[2]), members: (f[3] ?? '').split(',').filter(Boolean) })).filter(g => g.name),
  };
}

/** https://github.com/moby/sys/blob/main/user/user.go says what Docker takes for a user; a test holds its cases. */
export function lookUp(accounts: Accounts, user: string, groupAdd: readonly string[]): ResolvedUser {
  const colon = user.indexOf(':');
  const userPart = (colon < 0 ? user : user.slice(0, colon)) || '0';
  const groupPart = colon < 0 ? '' : user.slice(colon + 1);
  const numeric = /^-?\d+$/.test(userPart);
  const entry = accounts.passwd.find(u => u.name === userPart || (numeric && u.uid === Number(userPart)));
  if (!entry && !numeric) throw new SlipwayError('InvalidParameter', `unable to find user ${userPart}: no matching entries in passwd file`);
  const uid = entry?.uid ?? inRange(userPart);
  let gid = entry?.gid ?? 0;
  let additionalGids: number[] = [];
  if (groupPart) gid = groupId(accounts, groupPart);
  else if (entry) additionalGids = accounts.group.filter(g => g.members.includes(entry.name) && g.gid !== gid).map(g => g.gid);
  // dockerd lists the primary group too
  return { uid, gid, additionalGids: [gid, ...additionalGids, ...groupAdd.map(g => groupId(accounts, g, 'Unable'))] };
}

function groupId(accounts: Accounts, group: string, unable = 'unable'): number {
  const numeric = /^-?\d+$/.test(group);
  const entry = accounts.group.find(g => g.name === group || (numeric && g.gid === Number(group)));
  if (!entry && !numeric) throw new SlipwayError('InvalidParameter', `${unable} to find group ${group}: no matching entries in group file`);
  return entry?.gid ?? inRange(group);
}
