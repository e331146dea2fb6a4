// Files of a host, read from outside by native/read.c: all of one reading in as few calls as the size of a pipe allows. The bytes are a learner's.
import { parseDockerfile } from '../build/dockerfile.ts';
import type { Host } from '../container/model.ts';
import { asSlipwayError } from '../errors.ts';
import { MAX_READ } from '../kernel/protocol.ts';
import type { Found, Reading } from '../lab/readings.ts';
import { volumeData } from '../volume/volumes.ts';
import type { Seen } from './processes.ts';

const MAX_FILES = 64;
export const DOCKERFILE_BYTES = 16 << 10;

interface Asked { index: number; pid: number; path: string; maxBytes: number }

/** Answers by the readings' place in the list; what could not be read is not among them. */
export async function readFilesOutside(host: Host, readings: readonly Reading[], look: (container: string | undefined) => Promise<Seen | null>): Promise<ReadonlyMap<number, Found>> {
  const found = new Map<number, Found>();
  const asked: Asked[] = [];
  for (const [index, reading] of readings.entries()) {
    if (reading.kind === 'dockerfile') asked.push({ index, pid: 0, path: reading.path, maxBytes: DOCKERFILE_BYTES });
    if (reading.kind !== 'file') continue;
    if (reading.volume !== undefined) {
      const volume = host.volumes.byName.get(reading.volume);
      if (volume) asked.push({ index, pid: 0, path: `${volumeData(volume.name)}${reading.path}`, maxBytes: reading.maxBytes });
      else found.set(index, { kind: 'none' });
      continue;
    }
    const seen = reading.container === undefined ? undefined : await look(reading.container).catch(() => undefined);
    if (seen === null) found.set(index, { kind: 'none' }); // no such container, or it does not run
    else if (reading.container === undefined) asked.push({ index, pid: 0, path: reading.path, maxBytes: reading.maxBytes });
    else if (seen?.first) asked.push({ index, pid: seen.first.outerPid, path: reading.path, maxBytes: reading.maxBytes });
  }
  for (const batch of batches(asked)) {
    try {
      const lines = (await host.broker.call('readFiles', { ...host.ref, files: batch.map(({ pid, path, maxBytes }) => ({ pid, path, maxBytes })) })).split('\n');
      batch.forEach(({ index, maxBytes }, at) => found.set(index, parseLine(lines[at] ?? '?', maxBytes)));
    } catch (error) {
      for (const { index } of batch) found.set(index, { kind: asSlipwayError(error).kind === 'NotFound' ? 'none' : 'unknown' });
    }
  }
  return found;
}

function batches(asked: readonly Asked[]): Asked[][] {
  const all: Asked[][] = [];
  let left = 0;
  for (const one of asked) {
    if (all.length === 0 || one.maxBytes > left || all.at(-1)!.length === MAX_FILES) {
      all.push([]);
      left = MAX_READ;
    }
    all.at(-1)!.push(one);
    left -= one.maxBytes;
  }
  return all;
}

const TYPES: Readonly<Record<string, 'file' | 'directory' | 'link' | 'other'>> = { f: 'file', d: 'directory', l: 'link', o: 'other' };

/** `.` nothing (that may be read) is there; `?` its process has gone; else type, mode, owner, group, size, whether by a link, and content. */
export function parseLine(line: string, maxBytes: number): Found {
  if (line === '.') return { kind: 'none' };
  const [letter = '?', mode, owner, group, size, link, content] = line.split(' ');
  const type = TYPES[letter];
  if (type === undefined || content === undefined) return { kind: 'unknown' };
  const wanted = maxBytes > 0 && type === 'file';
  if (wanted && content === '-') return { kind: 'unknown' }; // somebody holds a lease on it
  return {
    kind: 'file', type, link: link === '1', mode: Number.parseInt(mode!, 8), owner: Number(owner), group: Number(group), sizeBytes: Number(size),
    text: wanted ? Buffer.from(content.slice(1), 'base64').toString('utf8') : null,
  };
}

export function readDockerfile(file: Found | undefined): Found {
  if (!file || file.kind === 'unknown') return { kind: 'unknown' };
  if (file.kind !== 'file' || file.text === null) return { kind: 'none' };
  try {
    let stage = 0;
    const { instructions } = parseDockerfile(file.text, 'Dockerfile');
    return { kind: 'dockerfile', instructions: instructions.map(({ name, rest, flags }) => ({ name, rest, flags: Object.keys(flags), stage: name === 'FROM' ? ++stage : stage })) };
  } catch (error) {
    return { kind: 'dockerfile', problem: asSlipwayError(error).message.slice(0, 300), instructions: [] };
  }
}
