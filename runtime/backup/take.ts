// `slipway backup FILE` (root): what Slipway keeps, in one file. Labs that run go on: of each a snapshot is taken first, all of them within seconds, then the
// database is copied, and only then is anything written. When Slipway does not run, the disks are snapshotted directly.
// Never walks a lab's files: disks travel as btrfs's own streams.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { removeSnapshot, snapshotDir, snapshotDisk } from '../broker/disk.ts';
import { recordsDir } from '../broker/records.ts';
import { SlipwayError } from '../errors.ts';
import { controlVerbs, type ControlVerbs, type Lab } from '../lab/control.ts';
import { engineDir, engineSocket, layersDir, stateDir, upstreamLayersDir, webDir } from '../paths.ts';
import { RpcClient } from '../rpc.ts';
import { readStatus } from '../supervisor/status.ts';
import { writeArchive, type Writer } from './archive.ts';
import { DATABASE, FORMAT, MANIFEST, SECRET, SNAPSHOT_NAME, sqliteFile, VOLUMES, type Manifest } from './places.ts';

const staging = join(stateDir, 'backup.tmp');
/** Records of a lab that its snapshot has; the rest (journal, screens) is taken from the lab itself. */
type Taken = { lab: Pick<Lab, 'id' | 'name'>; snapshot: string };

export async function takeBackup(path: string, say: (text: string) => void): Promise<{ manifest: Manifest; sizeBytes: number }> {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  const engine = readStatus() ? new RpcClient<ControlVerbs>(engineSocket, controlVerbs) : undefined;
  const releases: (() => Promise<unknown>)[] = [];
  try {
    const snapshots = await (engine ? kept(engine) : keptOnDisk());
    const taken = await (engine ? snapshotRunning(engine, releases, say) : snapshotStopped(releases, say));
    const database = await copyDatabase();
    const manifest: Manifest = { format: FORMAT, at: new Date().toISOString(), labs: taken.map(({ lab }) => ({ id: lab.id, name: lab.name })), snapshots, database: database ? 'sqlite' : 'postgresql', layers: existsSync(layersDir) ? readdirSync(layersDir).filter(name => name !== basename(dirname(upstreamLayersDir))) : [] };
    const sizeBytes = await writeArchive(path, async writer => {
      await writer.text(MANIFEST, JSON.stringify(manifest));
      if (database) await writer.file(DATABASE, database);
      if (existsSync(join(webDir, 'cookie-secret'))) await writer.file(SECRET, join(webDir, 'cookie-secret'));
      for (const [i, { lab, snapshot }] of taken.entries()) {
        say(`lab ${lab.name} (${i + 1} of ${taken.length})`);
        await writer.file(`broker/${lab.id}.json`, join(recordsDir, `${lab.id}.json`));
        await addTree(writer, `engine/labs/${lab.id}`, join(staging, lab.id));
        await addVolumes(writer, `disks/labs/${lab.id}`, snapshot);
      }
      for (const [i, id] of snapshots.entries()) {
        say(`snapshot ${id} (${i + 1} of ${snapshots.length})`);
        await addTree(writer, `engine/snapshots/${id}`, join(engineDir, 'snapshots', id));
        await addVolumes(writer, `disks/snapshots/${id}`, id);
      }
    });
    return { manifest, sizeBytes };
  } finally {
    for (const release of releases.reverse()) await release().catch((error: unknown) => say(`a snapshot could not be removed: ${(error as Error).message}`));
    engine?.close();
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Snapshots that somebody wants; those of a backup that was killed are removed. */
async function kept(engine: RpcClient<ControlVerbs>): Promise<string[]> {
  const all = await engine.call('listSnapshots', {});
  for (const { id } of all.filter(({ name }) => name === SNAPSHOT_NAME)) await engine.call('removeSnapshot', { snapshot: id });
  return all.filter(({ name }) => name !== SNAPSHOT_NAME).map(({ id }) => id);
}

async function keptOnDisk(): Promise<string[]> {
  const dir = join(engineDir, 'snapshots');
  return existsSync(dir) ? readdirSync(dir).filter(id => existsSync(join(dir, id, 'snapshot.json')) && nameIn(join(dir, id, 'snapshot.json')) !== SNAPSHOT_NAME) : [];
}

const nameIn = (file: string) => (JSON.parse(readFileSync(file, 'utf8')) as { name: string }).name;

async function snapshotRunning(engine: RpcClient<ControlVerbs>, releases: (() => Promise<unknown>)[], say: (text: string) => void): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (const lab of await engine.call('listLabs', {})) {
    try {
      const { id } = await engine.call('snapshotLab', { lab: lab.id, name: SNAPSHOT_NAME });
      releases.push(() => engine.call('removeSnapshot', { snapshot: id }));
      cpSync(join(engineDir, 'labs', lab.id), join(staging, lab.id), { recursive: true });
      for (const { id: host } of lab.hosts) cpSync(join(engineDir, 'snapshots', id, host), join(staging, lab.id, host), { recursive: true });
      taken.push({ lab, snapshot: id });
    } catch (error) {
      // Between being listed and now it was disposed of.
      if (!(error instanceof SlipwayError) || error.kind !== 'NotFound') throw error;
      say(`lab ${lab.id} has gone meanwhile`);
    }
  }
  return taken;
}

async function snapshotStopped(releases: (() => Promise<unknown>)[], say: (text: string) => void): Promise<Taken[]> {
  const dir = join(engineDir, 'labs');
  const taken: Taken[] = [];
  for (const id of existsSync(dir) ? readdirSync(dir) : []) {
    const record = join(dir, id, 'lab.json');
    if (!existsSync(record) || !existsSync(join(recordsDir, `${id}.json`))) {
      say(`lab ${id} was only half made: it is left out`);
      continue;
    }
    const snapshot = randomBytes(4).toString('hex');
    releases.push(() => removeSnapshot(snapshot));
    await snapshotDisk(id, snapshot);
    cpSync(join(dir, id), join(staging, id), { recursive: true });
    taken.push({ lab: { id, name: nameIn(record) }, snapshot });
  }
  return taken;
}

/** As it is at one moment, also while it is written to (https://nodejs.org/api/sqlite.html#sqlitebackupsourcedb-path-options). */
async function copyDatabase(): Promise<string | undefined> {
  const file = sqliteFile(join(webDir, 'slipway.db'));
  if (file === undefined) return undefined;
  if (!existsSync(file)) throw new SlipwayError('NotFound', `there is no database at ${file}: give the settings that the service has (SLIPWAY_STATE, SLIPWAY_DATABASE_URL)`);
  const database = new DatabaseSync(file, { readOnly: true });
  const copy = join(staging, 'slipway.db');
  try {
    await backup(database, copy);
  } finally {
    database.close();
  }
  return copy;
}

async function addTree(writer: Writer, name: string, dir: string) {
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) await writer.file(join(name, relative(dir, path)), path);
  }
}

async function addVolumes(writer: Writer, name: string, snapshot: string) {
  for (const volume of VOLUMES) {
    const child = spawn('btrfs', ['-q', 'send', join(snapshotDir(snapshot), volume)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-2_000); });
    const ended = new Promise<number | null>((resolve, reject) => { child.once('error', reject); child.once('close', resolve); });
    ended.catch(() => undefined);
    try {
      await writer.stream(join(name, volume), child.stdout);
      if (await ended !== 0) throw new SlipwayError('System', `btrfs could not read ${name}: ${said.trim()}`);
    } finally {
      child.kill('SIGKILL');
    }
  }
}
