// Sizes on disk as the reader's language writes them: 0.3 MB, 24 MB, 2.1 GB.

export function diskSize(tag: string, bytes: number): string {
  const [unit, value] = bytes < 1e9 ? ['megabyte', Math.max(0.1, bytes / 1e6)] : ['gigabyte', bytes / 1e9]; // nothing at all is never what is meant
  return new Intl.NumberFormat(tag, { style: 'unit', unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}
