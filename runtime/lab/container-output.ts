// The newest part of a container's json-file log, decoded; for grading and explanations. The file lies where the lab cannot write.
import { open } from 'node:fs/promises';
import { containerLog } from '../paths.ts';
import type { HostRef } from '../kernel/protocol.ts';

export async function containerOutput(ref: HostRef, id: string, maxBytes: number): Promise<{ stdout: string; stderr: string }> {
  const text = await tail(containerLog(ref.lab, ref.host, id), maxBytes);
  const out = { stdout: '', stderr: '' };
  for (const line of text.split('\n')) {
    try {
      const entry = JSON.parse(line) as { log?: unknown; stream?: unknown };
      if (typeof entry.log === 'string' && (entry.stream === 'stdout' || entry.stream === 'stderr')) out[entry.stream] += entry.log;
    } catch { /* the first line may be cut, the last not yet whole */ }
  }
  return out;
}

async function tail(path: string, maxBytes: number): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''; // never started, or no log wanted
    throw error;
  }
  try {
    const { size } = await file.stat();
    const length = Math.min(size, maxBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
