// --log-driver and --log-opt: dockerd's rules and words for them, and what becomes of them as the task's log (kernel/protocol.ts). Pure.
// check-options.ts asks at the creation, plan.ts at the start: dockerd itself finds some mistakes only then.
import { RE2JS } from 're2js';
import { SlipwayError } from '../errors.ts';
import { LOG_MAX_BYTES } from '../kernel/protocol.ts';
import type { ContainerConfig, HostConfig } from './config.ts';
import type { ContainerRecord } from './model.ts';
import { SAYS } from './options.ts';

const MOST_FILES = 16;
const SERVICE_LOGS = ['syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'gcplogs', 'logentries', 'etwlogs'];
const COMMON = ['mode', 'max-buffer-size'];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'json-file': ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag', ...COMMON],
  local: ['max-size', 'max-file', 'compress', ...COMMON],
};

const invalid = (message: string) => new SlipwayError('InvalidParameter', message);
const atStart = (message: string) => new SlipwayError('System', `failed to create task for container: failed to initialize logging driver: ${message}`);

/** At the creation. Throws; answers with warnings. */
export function checkLog({ Type: driver, Config }: HostConfig['LogConfig']): string[] {
  if (SERVICE_LOGS.includes(driver)) throw invalid(`the log driver ${driver} ${SAYS.logDriver}`);
  if (driver === 'none') return [];
  const known = KNOWN[driver];
  if (!known) throw invalid(`error looking up logging plugin ${driver}: plugin ${JSON.stringify(driver)} not found`);
  if (Config.mode !== undefined && !['', 'blocking', 'non-blocking'].includes(Config.mode)) throw invalid(`logger: logging mode not supported: ${Config.mode}`);
  if (Config['max-buffer-size'] !== undefined) {
    if (Config.mode !== 'non-blocking') throw invalid('logger: max-buffer-size option is only supported with \'mode=non-blocking\'');
    if (bytes(Config['max-buffer-size'], 1024) === null) throw invalid(`error parsing option max-buffer-size: invalid size: '${Config['max-buffer-size']}'`);
  }
  for (const key of Object.keys(Config)) if (!known.includes(key)) throw invalid(`unknown log opt '${key}' for ${driver === 'local' ? 'log driver local' : `${driver} log driver`}`);
  const wanted = (bytes(Config['max-size'] ?? '', driver === 'local' ? 1024 : 1000) ?? 0) * (Number(Config['max-file']) || 1);
  return wanted > LOG_MAX_BYTES || Number(Config['max-file']) > MOST_FILES || Config.compress === 'true' ? [SAYS.logRotation] : [];
}

/** At the start. */
export function taskLog(record: ContainerRecord): { log?: string; logMaxBytes?: number; logFiles?: number; logAttributes?: string } {
  const { id, hostConfig: { LogConfig: { Type: driver, Config } } } = record;
  if (driver === 'none') return {};
  const isLocal = driver === 'local';
  const size = Config['max-size'] === undefined ? (isLocal ? 20 << 20 : null) : maxSize(Config['max-size'], isLocal);
  const files = maxFile(Config['max-file'], isLocal ? 5 : 1);
  const compress = Config.compress === undefined ? isLocal && Config['max-file'] === undefined : goBool(Config.compress);
  if (isLocal && files < 2 && (compress || Config.compress === undefined)) throw atStart('compression cannot be enabled when max file count is 1');
  if (!isLocal && files < 1) throw atStart('max-file cannot be less than 1');
  if (!isLocal && compress && (files < 2 || size === null)) throw atStart('compress cannot be true when max-file is less than 2 or max-size is not set');
  const kept = Math.min(Math.max(files, 1), MOST_FILES);
  const attributes = isLocal ? {} : attributesOf(record);
  const json = Object.keys(attributes).length ? JSON.stringify(attributes) : '';
  if (Buffer.byteLength(json) > 8000) throw atStart('the labels and variables of a log may have 8000 bytes');
  return { log: id, logAttributes: json, ...(size === null ? {} : { logMaxBytes: Math.min(size, Math.floor(LOG_MAX_BYTES / kept)), logFiles: kept }) };
}

function maxSize(text: string, isLocal: boolean): number {
  const size = bytes(text, isLocal ? 1024 : 1000);
  if (size === null) throw atStart(isLocal ? `invalid value for max-size: ${text}: invalid size: '${text}'` : `invalid size: '${text}'`);
  if (size === 0) throw atStart(isLocal ? 'max size must be a positive number' : 'max-size must be a positive number');
  return size;
}

function maxFile(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[+-]?\d+$/.test(text)) throw atStart(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function goBool(text: string): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw atStart(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** `10m`, `1.5 GB`; null for what is none. json-file counts by thousands, local by 1024. */
export function bytes(text: string, kilo: 1000 | 1024): number | null {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? [];
  if (number === undefined) return null;
  return Math.floor(Number(number) * kilo ** ' kmgtp'.indexOf(unit.toLowerCase() || ' '));
}

/** What each entry carries, sorted by name as Go writes a map. */
function attributesOf(record: ContainerRecord): Record<string, string> {
  const { hostConfig: { LogConfig: { Config } }, config } = record;
  const environment = Object.fromEntries((config.Env ?? []).map(entry => { const at = entry.indexOf('='); return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]; }));
  const chosen = {
    ...choose(config.Labels, Config.labels, Config['labels-regex']),
    ...choose(environment, Config.env, Config['env-regex']),
    ...(Config.tag ? { tag: tag(Config.tag, record, config) } : {}),
  };
  return Object.fromEntries(Object.entries(chosen).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function choose(from: Readonly<Record<string, string>>, names: string | undefined, expression: string | undefined): Record<string, string> {
  const wanted = (names ?? '').split(',').filter(Boolean);
  let pattern: RE2JS | null; // a learner's: matched in linear time, in Go's syntax
  try {
    pattern = expression ? RE2JS.compile(expression) : null;
  } catch (error) {
    throw new SlipwayError('System', `failed to create task for container: failed to initialize logging driver: error parsing regexp: ${expression}`, { cause: error });
  }
  return Object.fromEntries(Object.entries(from).filter(([name]) => wanted.includes(name) || pattern?.matcher(name).find()));
}

/** https://docs.docker.com/engine/logging/log_tags/ */
function tag(template: string, record: ContainerRecord, config: ContainerConfig): string {
  const fields: Record<string, string> = {
    ID: record.id.slice(0, 12), FullID: record.id, Name: record.name, ImageID: record.imageId.replace('sha256:', '').slice(0, 12), ImageFullID: record.imageId, ImageName: config.Image, DaemonName: 'docker',
  };
  return template.replace(/\{\{\s*([^}]*?)\s*\}\}/g, (_, field: string) => {
    const value = fields[field.replace(/^\./, '')];
    if (value === undefined) throw atStart(`template: log-tag: ${field} is none of ${Object.keys(fields).map(name => `.${name}`).join(', ')}`);
    return value;
  });
}
