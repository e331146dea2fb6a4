// Links that open one port of one lab to whoever has them, as they are kept: a hash, which port of which lab, whose, until when. What a link carries is
// made and hashed in preview/shares.ts and never comes here.
import { type Db, whenBusyAgain } from './client.ts';

export interface PortLink { hash: string; workspace: string; lab: string; port: number; expiresAt: Date; }

export interface PortLinks {
  make(link: PortLink): Promise<void>;
  remove(hashes: string[]): Promise<void>;
  /** All that are good; those that are not any more are forgotten. */
  load(now: Date): Promise<PortLink[]>;
}

export function createPortLinks(db: Db): PortLinks {
  return {
    make: ({ hash, workspace, lab, port, expiresAt }) => whenBusyAgain(async () => void await db.portLink.create({ data: { hash, workspaceId: workspace, labId: lab, port, expiresAt } })),
    remove: hashes => whenBusyAgain(async () => void await db.portLink.deleteMany({ where: { hash: { in: hashes } } })),
    load: now => whenBusyAgain(async () => {
      await db.portLink.deleteMany({ where: { expiresAt: { lte: now } } });
      return (await db.portLink.findMany()).map(({ hash, workspaceId, labId, port, expiresAt }) => ({ hash, workspace: workspaceId, lab: labId, port, expiresAt }));
    }),
  };
}
