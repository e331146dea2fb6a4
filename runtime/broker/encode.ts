// The configuration of the native program: a flat list of strings, each its length (u32 little endian), its bytes and a NUL (native/config.c).
import type { z } from 'zod';
import type { stepSchema } from '../kernel/protocol.ts';

export type DecodedStep = z.output<typeof stepSchema>;
/** Steps that only the making of a host has. */
export type HostStep =
  | DecodedStep
  | { do: 'hostname'; name: string }
  | { do: 'loopback' }
  | { do: 'pivot'; path: string };
/** A mount made outside of the host, which its root then finds locked: see mount_setattr(2) for the attributes. */
export interface Tree { source: string; target: string; set: number; clear: number; idmapped: boolean }

export class Configuration {
  private readonly strings: string[] = [];

  add(...values: (string | number | boolean)[]): this {
    for (const v of values) this.strings.push(typeof v === 'boolean' ? (v ? '1' : '0') : String(v));
    return this;
  }

  list(values: readonly string[]): this {
    return this.add(values.length, ...values);
  }

  steps(steps: readonly HostStep[]): this {
    return this.block(steps.length, steps.flatMap(encodeStep));
  }

  trees(trees: readonly Tree[]): this {
    return this.block(trees.length, trees.flatMap(t => [t.source, t.target, String(t.set), String(t.clear), t.idmapped ? '1' : '0']));
  }

  /** Prefixed by how many strings it is long, so that the reader can pass over it. */
  private block(count: number, strings: string[]): this {
    this.add(strings.length + 1, count);
    for (const s of strings) this.strings.push(s);
    return this;
  }

  /** With the mode, if any, as its first string. */
  encode(mode?: string): Buffer {
    const parts = [...(mode === undefined ? [] : [mode]), ...this.strings].map(s => Buffer.from(s, 'utf8'));
    const out = Buffer.alloc(parts.reduce((sum, p) => sum + p.length + 5, 0));
    let at = 0;
    for (const part of parts) {
      at = out.writeUInt32LE(part.length, at);
      at += part.copy(out, at) + 1;
    }
    return out;
  }
}

function encodeStep(step: HostStep): string[] {
  switch (step.do) {
    case 'mkdir': return ['mkdir', step.path, String(step.mode)];
    case 'write': return ['write', step.path, String(step.mode), step.text];
    case 'symlink': return ['symlink', step.target, step.path];
    case 'mount': return ['mount', step.type, step.source, step.target, String(step.flags), step.data];
    case 'umount': return ['umount', step.path];
    case 'netns': return ['netns', step.path];
    case 'unlink': return ['unlink', step.path];
    case 'note': return ['note', step.name, step.path];
    case 'run': return ['run', step.netns, step.stdin, String(step.argv.length), ...step.argv];
    case 'hostname': return ['hostname', step.name];
    case 'loopback': return ['loopback'];
    case 'pivot': return ['pivot', step.path];
  }
}
