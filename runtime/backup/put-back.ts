// `slipway restore FILE` (root): puts a backup where nothing is yet. Slipway must be set up and not run; labs come back suspended, as after a loss of power,
// and open when somebody opens their page. When it fails, what it had put there is removed again.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createDisk, disks, removeDisk, removeSnapshot, snapshotDir } from '../broker/disk.ts';
import { account } from '../broker/hosts.ts';
import { labRecordSchema, recordsDir, saveLab, type LabRecord } from '../broker/records.ts';
import { releaseUids, takeUids } from '../broker/uids.ts';
import { SlipwayError } from '../errors.ts';
import { ENGINE_USER, WEB_USER } from '../ids.ts';
import { engineDir, instance, labDisksDir, labRecordsDir, layersDir, poolDir, stateDir, uidRangesDir, webDir } from '../paths.ts';
import { readStatus } from '../supervisor/status.ts';
import { collect, readArchive } from './archive.ts';
import { DATABASE, MANIFEST, manifestSchema, SECRET, sqliteFile, VOLUMES, type Manifest } from './places.ts';

export async function putBack(path: string, say: (text: string) => void): Promise<Manifest> {
  checkEmpty();
  for (const dir of [labDisksDir, uidRangesDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  mkdirSync(labRecordsDir, { recursive: true, mode: 0o711 });
  const undo: (() => unknown)[] = [];
  const records = new Map<string, LabRecord>();
  let manifest: Manifest | undefined;
  let receiving: Receiver | undefined;
  const done = async () => {
    const finished = receiving;
    receiving = undefined;
    await finished?.end();
  };
  try {
    await readArchive(path, async (name, bytes) => {
      const parts = name.split('/');
      if (name !== normalize(name) || name.startsWith('/') || parts.includes('..')) throw new SlipwayError('InvalidParameter', `${path} holds a path that leads elsewhere: ${name}`);
      if (receiving && !name.startsWith(`${receiving.name}/`)) await done();
      if (!manifest && name !== MANIFEST) throw new SlipwayError('InvalidParameter', `${path} is no backup of Slipway's`);
      if (name === MANIFEST) manifest = readManifest(path, await collect(bytes));
      else if (name === DATABASE) place(sqliteFile(join(webDir, 'slipway.db')) ?? join(webDir, 'slipway.db'), await collect(bytes), WEB_USER, undo);
      else if (name === SECRET) place(join(webDir, 'cookie-secret'), await collect(bytes), WEB_USER, undo);
      else if (parts[0] === 'engine') place(join(stateDir, name), await collect(bytes), ENGINE_USER, undo);
      else if (parts[0] === 'broker') keep(records, await collect(bytes));
      else if (parts[0] === 'disks') {
        const [, kind, id, volume] = parts as [string, string, string, string];
        if (!receiving) {
          if (volume === VOLUMES[0]) say(`${kind === 'labs' ? 'lab' : 'snapshot'} ${id}`);
          receiving = receive(parts.slice(0, 4).join('/'), id, undo);
        }
        for await (const chunk of bytes) await receiving.write(chunk);
      }
    });
    await done();
    for (const record of records.values()) await makeLab(record, undo);
    sayWhatIsMissing(manifest!, say);
    return manifest!;
  } catch (error) {
    await receiving?.abandon();
    for (const step of undo.reverse()) try { await step(); } catch (failure) { say(`could not be taken back: ${(failure as Error).message}`); }
    throw error;
  }
}

/** Refuses in words wherever something could be lost. */
function checkEmpty() {
  if (readStatus()) throw new SlipwayError('Conflict', 'Slipway runs: stop it first (npx slipway stop)');
  if (!existsSync(join(poolDir, 'labs')) || statSync(poolDir).dev === statSync(dirname(poolDir)).dev) throw new SlipwayError('Unavailable', 'the disk pool is not there: start Slipway once with npm start and stop it, then restore');
  const labs = disks();
  if (labs.length || (existsSync(join(engineDir, 'labs')) && readdirSync(join(engineDir, 'labs')).length)) throw new SlipwayError('Conflict', `there are labs already: restore is for a Slipway that has none (npx slipway stop --labs removes them)`);
  const file = sqliteFile(join(webDir, 'slipway.db'));
  if (file && existsSync(file)) {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const { learners } = database.prepare('SELECT count(*) AS learners FROM Learner').get() as { learners: number };
      if (learners > 0) throw new SlipwayError('Conflict', `${file} knows ${learners} learners already: move it away if they are not wanted any more`);
    } finally {
      database.close();
    }
  }
}

function readManifest(path: string, bytes: Buffer): Manifest {
  const parsed = manifestSchema.safeParse(JSON.parse(bytes.toString()));
  if (!parsed.success) throw new SlipwayError('InvalidParameter', `${path} was made by another version of Slipway: ${parsed.error.issues.map(issue => issue.path.join('.')).join(', ')}`);
  return parsed.data;
}

/** A file of a service's own, with the directories above it. */
function place(path: string, content: Buffer, user: string, undo: (() => unknown)[]) {
  const { uid, gid } = account(user);
  const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (made !== undefined) for (let dir = dirname(path); dir.length >= made.length; dir = dirname(dir)) chownSync(dir, uid, gid);
  undo.push(() => rmSync(made ?? path, { recursive: true, force: true }));
  for (const rest of ['', '-wal', '-shm']) if (path.endsWith('.db')) rmSync(path + rest, { force: true });
  writeFileSync(path, content, { mode: 0o600 });
  chownSync(path, uid, gid);
}

/** Pids and the toolbox are another machine's, or another day's. */
function keep(records: Map<string, LabRecord>, bytes: Buffer) {
  const record = labRecordSchema.parse(JSON.parse(bytes.toString()));
  for (const host of Object.values(record.hosts)) host.init = null;
  records.set(record.lab, record);
}

interface Receiver { name: string; write(chunk: Buffer): Promise<void>; end(): Promise<void>; abandon(): Promise<void> }

/** One volume, into the snapshot of this name. Confined to that directory (-C), whatever the stream says. */
function receive(name: string, id: string, undo: (() => unknown)[]): Receiver {
  const dir = snapshotDir(id);
  if (!existsSync(dir)) undo.push(() => removeSnapshot(id));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const child: ChildProcess = spawn('btrfs', ['-q', 'receive', '-C', '-e', dir], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-2_000); });
  child.stdin!.on('error', () => {}); // it says why when it ends
  const ended = new Promise<number | null>((resolve, reject) => { child.once('error', reject); child.once('close', resolve); });
  ended.catch(() => undefined);
  return {
    name,
    async write(chunk) {
      if (child.stdin!.writable && !child.stdin!.write(chunk)) await Promise.race([once(child.stdin!, 'drain').catch(() => undefined), ended]);
    },
    async end() {
      child.stdin!.end();
      if (await ended !== 0) throw new SlipwayError('System', `btrfs could not write ${name}: ${said.trim()}`);
    },
    async abandon() {
      child.kill('SIGKILL');
      await ended.catch(() => undefined);
    },
  };
}

/** From what was received as its snapshot; its uid range is one that is free here. */
async function makeLab(record: LabRecord, undo: (() => unknown)[]) {
  const uidIndex = takeUids(record.lab);
  undo.push(() => releaseUids(uidIndex));
  undo.push(() => removeDisk(record.lab));
  for (const host of Object.keys(record.hosts)) await createDisk(record.lab, host, record.limits.diskBytes, record.lab);
  mkdirSync(recordsDir, { recursive: true, mode: 0o700 });
  undo.push(() => rmSync(join(recordsDir, `${record.lab}.json`), { force: true }));
  saveLab({ ...record, uidIndex });
  await removeSnapshot(record.lab);
}

function sayWhatIsMissing(manifest: Manifest, say: (text: string) => void) {
  const missing = manifest.layers.filter(layer => !existsSync(join(layersDir, layer)));
  if (missing.length) say(`${missing.length} of ${manifest.layers.length} layers of the image library are not on this machine: images that labs had from it may be incomplete. Set up the same version of Slipway (instance ${instance}).`);
  if (manifest.database === 'postgresql') say('The database was PostgreSQL: restore it with pg_restore or psql, from what pg_dump wrote.');
}
