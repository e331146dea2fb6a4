// What labs of a class may reach outside, as its instructors have it. One row a class; without one the operator's word alone counts. Used by lab/egress.ts.
import { wishSchema } from '../../runtime/kernel/egress.ts';
import { type Db, whenBusyAgain } from './client.ts';

export interface ClassEgress { on: boolean; allow: string[]; }

export interface ClassEgresses {
  of(id: string): Promise<ClassEgress | undefined>;
  set(id: string, egress: ClassEgress): Promise<void>;
}

export function createClassEgresses(db: Db): ClassEgresses {
  return {
    of: id => whenBusyAgain(async () => {
      const row = await db.classEgress.findUnique({ where: { id } });
      return row ? { on: row.on, allow: wishSchema.catch([]).parse(row.allow) } : undefined; // what cannot be understood opens nothing
    }),
    set: (id, egress) => whenBusyAgain(async () => void await db.classEgress.upsert({ where: { id }, create: { id, ...egress }, update: egress })),
  };
}
