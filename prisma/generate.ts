// `node prisma/generate.ts` makes the two clients, prisma/client (SQLite) and prisma/client-pg (PostgreSQL), from schema.prisma.
// Called by set-up. `prisma generate` asks for an engine binary it never runs and would download it: /bin/true stands in for it.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prismaDir, providers, schemaFor } from './schemas.ts';

const cli = join(prismaDir, '..', 'node_modules', 'prisma', 'build', 'index.js');

for (const provider of providers) {
  const file = join(prismaDir, `.generate-${provider}.prisma`); // beside schema.prisma, so that relative outputs mean the same
  writeFileSync(file, schemaFor(provider));
  try {
    const run = spawnSync(process.execPath, [cli, 'generate', '--schema', file], {
      cwd: join(prismaDir, '..'),
      encoding: 'utf8',
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
    });
    if (run.status !== 0) {
      console.error(`prisma generate (${provider}) failed:\n${run.stdout}${run.stderr}`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(file, { force: true });
  }
}
