// When the previews of a lab were closed last (preview/closings.ts), by lab: a new lab begins without.
import type { ClosingRecords } from '../preview/closings.ts';
import { type Db, whenBusyAgain } from './client.ts';

export const createPortClosings = (db: Db): ClosingRecords => ({
  load: since => whenBusyAgain(async () => (await db.workspace.findMany({ where: { portsClosedAt: { gt: since }, labId: { not: null } }, select: { labId: true, portsClosedAt: true } }))
    .map(({ labId, portsClosedAt }) => ({ lab: labId!, at: portsClosedAt! }))),
  note: (lab, at) => whenBusyAgain(async () => void await db.workspace.updateMany({ where: { labId: lab }, data: { portsClosedAt: at } })),
});
