// The driver brings no types; this is what migrate.ts uses of it (https://github.com/WiseLibs/better-sqlite3/blob/master/docs/api.md).
declare module 'better-sqlite3' {
  interface Statement { readonly reader: boolean; all(...params: unknown[]): unknown[]; run(...params: unknown[]): unknown; }
  export default class Database {
    constructor(path: string);
    prepare(sql: string): Statement;
    exec(sql: string): this;
    pragma(source: string): unknown;
    close(): void;
  }
}
