// Who may import whom. A broken rule is shown with the chain of imports that leads to it, from a file that nothing else imports.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const FOLDERS = ['app', 'server', 'runtime', 'lessons', 'texts', 'prisma', 'setup'];

type Import = { from: string; to: string; typeOnly: boolean };
type Rule = { who: RegExp; may: RegExp[]; why: string };

/** What a server file may know of the runtime: the engine's client and what it is made of, never the engine itself. */
const RUNTIME_CLIENT = /^runtime\/(errors|ids|paths|rpc|request|log|cli\/table|lab\/control|lab\/readings|kernel\/dial|kernel\/egress|kernel\/shim|kernel\/protocol)\.ts$/;

/** Between the top folders. Every import counts, also of types. */
const rules: Rule[] = [
  { who: /^app\//, may: [/^app\//, /^server\/(protocol|site)\.ts$/, /^texts\/(?!server)/], why: 'the site is a client of the server and holds neither engine nor database' },
  { who: /^server\//, may: [/^server\//, /^lessons\//, /^texts\/(?!site)/, /^prisma\//, RUNTIME_CLIENT], why: "the server speaks to the engine through the runtime's client" },
  { who: /^server\/(?!data\/)/, may: [/^(?!prisma\/client)/], why: 'server/data is the only importer of the database client' },
  { who: /^runtime\/supervisor\.ts$/, may: [/^runtime\//, /^setup\/assets\/pool\.ts$/], why: 'the supervisor mounts the pool that set-up made, and that is all' },
  { who: /^runtime\/(?!supervisor\.ts$)/, may: [/^runtime\//], why: 'the runtime has never heard of lessons, users or the site' },
  { who: /^lessons\//, may: [/^lessons\//, /^texts\/language\.ts$/], why: 'lessons are data, and read by others' },
  { who: /^texts\//, may: [/^texts\//], why: 'words know nothing of what they are said about' },
  { who: /^prisma\//, may: [/^prisma\//, /^runtime\/paths\.ts$/], why: 'models and migrations stand by themselves' },
  { who: /^setup\//, may: [/^setup\//, /^runtime\//], why: 'set-up builds for the runtime, and knows nothing of the site' },
  { who: /^runtime\/broker\//, may: [/^runtime\/broker\//, /^runtime\/(errors|ids|paths|rpc|request|log|listen|durable|cleanup|kernel\/protocol|kernel\/egress(-link|-settings)?)\.ts$/], why: 'the broker is root: it must reach nothing that parses what learners send' },
  { who: /^runtime\/mirror\//, may: [/^runtime\/(mirror|registry|content)\//, /^runtime\/(errors|paths|log|listen|request|passed-on)\.ts$/], why: "the mirror has the operator's passwords and the machine's network, and nothing of labs" },
  { who: /^runtime\/(?!mirror\/)/, may: [/^(?!runtime\/mirror\/)/], why: "the machine's network is for the mirror alone" },
  { who: /^runtime\/supervisor/, may: [/^runtime\/supervisor/, /^runtime\/(errors|ids|paths)\.ts$/, /^setup\/assets\//], why: 'the supervisor is root, and has no business with labs' },
  { who: /^runtime\/cli\//, may: [/^runtime\/cli\//, /^runtime\/(errors|ids|paths|rpc|request|lab\/control|kernel\/shim|kernel\/protocol|kernel\/egress(-settings)?|supervisor\/status)\.ts$/], why: 'the command line has no way into a lab that the site has not' },
];

/** Within the engine calls go down this list and return; a type may be looked up from anywhere. */
const ENGINE_LAYERS = ['api', 'buildkit', 'build', 'container', ['image', 'network', 'volume'], ['content', 'snapshot', 'registry'], ['oci', 'kernel']].map(layer => [layer].flat());

/** Names of places and nothing else: like a type, it may be looked up from anywhere. */
const NAMES = 'runtime/container/paths.ts';

/** Packages with one home. */
const packages: { name: RegExp; only: RegExp; why: string }[] = [
  { name: /^(@prisma\/|pg$|better-sqlite3$)/, only: /^(server\/data|prisma)\//, why: 'the database has one door' },
  { name: /^(react|react-dom|@xterm\/xterm|lucide-react|react-resizable-panels)(\/|$)/, only: /^app\//, why: 'pages are made in app/' },
  { name: /^next(\/|$)/, only: /^(app\/|server\/(http\/|main\.ts))/, why: 'only pages and what serves them know Next' },
  { name: /^@bufbuild\//, only: /^runtime\/buildkit\//, why: 'only BuildKit speaks in protocol buffers' },
  { name: /^socket\.io$/, only: /^server\//, why: 'the gateway is the server' },
];

const imports = FOLDERS.flatMap(sourceFiles).flatMap(importsOf);

test('there is something to check', () => {
  expect(imports.length).toBeGreaterThan(100);
});

test('top folders import only what they may', () => {
  const broken = rules.flatMap(rule => imports
    .filter(edge => isLocal(edge.to) && rule.who.test(edge.from) && !isTest(edge.from) && !rule.may.some(may => may.test(edge.to)))
    .map(edge => `${chainTo(edge)}\n    because ${rule.why}`));
  expect(broken.join('\n')).toBe('');
});

test('calls in the engine go down', () => {
  const depth = (path: string) => ENGINE_LAYERS.findIndex(layer => layer.some(folder => path.startsWith(`runtime/${folder}/`)));
  const broken = imports
    .filter(edge => !edge.typeOnly && edge.to !== NAMES && !isTest(edge.from) && depth(edge.from) >= 0 && depth(edge.to) >= 0 && depth(edge.to) < depth(edge.from))
    .map(chainTo);
  expect(broken.join('\n')).toBe('');
});

test('packages are used where they belong', () => {
  const broken = packages.flatMap(({ name, only, why }) => imports
    .filter(edge => !isLocal(edge.to) && name.test(edge.to) && !only.test(edge.from) && !isTest(edge.from))
    .map(edge => `${chainTo(edge)}\n    because ${why}`));
  expect(broken.join('\n')).toBe('');
});

test('nothing imports itself by way of others', () => {
  const next = new Map<string, string[]>();
  for (const edge of imports) if (!edge.typeOnly && isLocal(edge.to)) next.set(edge.from, [...(next.get(edge.from) ?? []), edge.to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) return void cycles.push([...path.slice(path.indexOf(file)), file].join('\n  → '));
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  expect(cycles.join('\n')).toBe('');
});

/** The shortest way to the file that breaks the rule from one that nobody imports, and the import itself. */
function chainTo(edge: Import): string {
  let chain = [edge.from];
  const queue = [chain];
  const seen = new Set(chain);
  for (let path = queue.shift(); path; path = queue.shift()) {
    chain = path;
    const importers = imports.filter(other => other.to === path![0] && !isTest(other.from) && !seen.has(other.from)).map(other => other.from);
    if (!importers.length) break;
    for (const importer of importers) { seen.add(importer); queue.push([importer, ...path]); }
  }
  return [...chain, edge.to].join('\n  → ');
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => /\.(ts|tsx|mts)$/.test(path) && !path.startsWith('prisma/client'));
}

function importsOf(from: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8').replace(/^\s*(\/\/.*|\/\*.*\*\/)$/gm, '');
  const found = text.matchAll(/(?:^|;)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...found].map(([whole, type, named, dynamic]) => {
    const target = named ?? dynamic!;
    const names = /\{([^}]*)\}/.exec(whole)?.[1]?.split(',').filter(name => name.trim());
    const typeOnly = type !== undefined || (names !== undefined && names.length > 0 && names.every(name => name.trim().startsWith('type ')));
    return { from, to: target.startsWith('.') ? normalize(join(dirname(from), target)) : target, typeOnly };
  });
}

const isLocal = (path: string) => FOLDERS.some(folder => path.startsWith(`${folder}/`));
const isTest = (path: string) => /\.test\.tsx?$/.test(path);
