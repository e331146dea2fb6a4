// Running mmdebstrap, and how far it is, told from what it says. For the steps that run it and their progress bars.
/** In a mount namespace of its own: what it mounts is gone with it, also when it is killed. */
export const MMDEBSTRAP = ['unshare', '--mount', '--propagation=private', 'mmdebstrap', '--mode=root', '--variant=minbase', '--aptopt=Apt::Install-Recommends "false"'] as const;

const STAGES: [RegExp, number, string][] = [
  [/running apt-get update/, 5, 'reading the package lists'],
  [/downloading packages with apt/, 12, 'downloading packages'],
  [/extracting archives/, 30, 'unpacking the base system'],
  [/installing essential packages/, 38, 'installing the base system'],
  [/installing remaining packages/, 52, 'installing packages'],
  [/cleaning package lists/, 85, 'cleaning'],
  [/creating tarball/, 92, 'packing'],
];

/** Calls `report` when the line of mmdebstrap's output begins a stage. */
export function bootstrapPercent(line: string, report: (percent: number, words: string) => void): void {
  const stage = STAGES.find(([pattern]) => pattern.test(line));
  if (stage) report(stage[1], stage[2]);
}
