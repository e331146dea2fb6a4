// Platforms as clients write them (linux/amd64, arm64, linux/arm/v7), against what images here are made for: this machine's kind, and linux.
// https://github.com/containerd/containerd/blob/v1.7.24/platforms/platforms.go. Used by changes.ts and images.ts.
import { arch } from 'node:os';
import { SlipwayError } from '../errors.ts';

const ALIASES: Readonly<Record<string, string>> = { x64: 'amd64', x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' };
const ARCHITECTURES = ['386', 'amd64', 'arm', 'arm64', 'armbe', 'loong64', 'mips', 'mips64', 'mips64le', 'mipsle', 'ppc64', 'ppc64le', 'riscv64', 's390x', 'wasm'];

export const THIS_ARCHITECTURE = ALIASES[arch()] ?? arch();

/** Null: whatever fits. */
export function parsePlatform(text: string): { os: string; architecture: string } | null {
  if (text === '') return null;
  const parts = text.split('/').map(part => part.toLowerCase());
  if (parts.length > 3 || parts.some(part => !/^[a-z0-9_-]+$/.test(part))) throw new SlipwayError('InvalidParameter', `${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`);
  const [first = '', second] = parts;
  if (second !== undefined) return { os: first, architecture: ALIASES[second] ?? second };
  const architecture = ALIASES[first] ?? first;
  if (ARCHITECTURES.includes(architecture)) return { os: 'linux', architecture };
  if (['linux', 'windows', 'darwin', 'freebsd'].includes(first)) return { os: first, architecture: THIS_ARCHITECTURE };
  throw new SlipwayError('InvalidParameter', `${JSON.stringify(text)}: unknown operating system or architecture: invalid argument`);
}
