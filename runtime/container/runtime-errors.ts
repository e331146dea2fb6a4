// What the OCI runtime or a step complained about, in Docker's words and with the exit code that `docker run` gives for it.
import { asSlipwayError, SlipwayError } from '../errors.ts';
import type { TaskEnd } from '../kernel/shim.ts';
import { lostNetwork } from '../network/lost.ts';
import type { ContainerRecord } from './model.ts';

/** Carries the code that inspect shows and `docker run` exits with. */
export class StartError extends SlipwayError {
  readonly exitCode: number;
  constructor(kind: SlipwayError['kind'], message: string, exitCode: number) {
    super(kind, message);
    this.exitCode = exitCode;
  }
}

export function startFailure(end: TaskEnd, record: Pick<ContainerRecord, 'name' | 'path' | 'config'>): StartError {
  if (end.kind !== 'failed') return new StartError('System', 'failed to create task for container: the container\'s shim was killed', 128);
  const checked = /^busybox: docker: ([^]*)/.exec(end.message)?.[1]; // start-checks.ts and volume/options.ts know dockerd's own words
  if (checked !== undefined) return new StartError('System', checked.trim(), 128);
  const lost = lostNetwork(end.message, record.name);
  if (lost !== null) return new StartError('System', lost, 128);
  const made = /Cannot mkdir: .* is not a directory/.exec(end.message);
  if (made) return new StartError('InvalidParameter', made[0], 128);
  const { text, exitCode } = inDockersWords(runtimeMessage(end.message), record.path, record.config.WorkingDir);
  // The CLI takes the codes 126 and 127 from these texts; the API's status for both is 400.
  return new StartError(exitCode === 128 ? 'System' : 'InvalidParameter', `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ${text}`, exitCode);
}

/** Of a helper, one of whose steps knows dockerd's own words. */
export function stepFailure(error: unknown, name = ''): unknown {
  const { message } = asSlipwayError(error);
  const said = /^busybox: docker: ([^]*)/.exec(message)?.[1] ?? lostNetwork(message, name) ?? undefined;
  return said === undefined ? error : new SlipwayError('System', said.trim(), { cause: error });
}

/** Whatever the reason, unlike `docker run`. */
const EXEC_FAILED = 126;

export function execFailure(end: TaskEnd, path: string, workingDir: string): StartError {
  if (end.kind !== 'failed') return new StartError('System', 'OCI runtime exec failed: the shim was killed', EXEC_FAILED);
  if (workingDir && !workingDir.startsWith('/')) return new StartError('InvalidParameter', 'OCI runtime exec failed: exec failed: Cwd must be an absolute path: unknown', EXEC_FAILED);
  const { text } = inDockersWords(runtimeMessage(end.message), path, workingDir);
  return new StartError('InvalidParameter', `OCI runtime exec failed: exec failed: ${text}`, EXEC_FAILED);
}

/** The last error of crun's JSON log lines, or the text as it is. */
export function runtimeMessage(text: string): string {
  const messages = text.split('\n').flatMap(line => {
    try {
      const entry = JSON.parse(line) as { msg?: unknown; level?: unknown };
      return typeof entry.msg === 'string' && (entry.level === undefined || entry.level === 'error') ? [entry.msg] : [];
    } catch {
      return [];
    }
  });
  return messages.at(-1) ?? text.trim();
}

/** runc's guess, which it makes whenever it meets that error. */
const MOUNTING = ': Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type';

/** In the order of their numbers: https://man7.org/linux/man-pages/man2/getrlimit.2.html */
const RLIMITS = ['CPU', 'FSIZE', 'DATA', 'STACK', 'CORE', 'RSS', 'NPROC', 'NOFILE', 'MEMLOCK', 'AS', 'LOCKS', 'SIGPENDING', 'MSGQUEUE', 'NICE', 'RTPRIO', 'RTTIME'];

export function inDockersWords(message: string, path: string, workingDir: string): { text: string; exitCode: number } {
  const starting = 'unable to start container process: ';
  const quoted = JSON.stringify(path);
  if (/cannot find `` in \$PATH|executable file .* not found|cannot find executable|stat executable.*No such file/i.test(message) || (/^(open|exec|find) executable/i.test(message) && /No such file/i.test(message))) {
    return path.includes('/')
      ? { text: `${starting}exec: ${quoted}: stat ${path}: no such file or directory: unknown`, exitCode: 127 }
      : { text: `${starting}exec: ${quoted}: executable file not found in $PATH: unknown`, exitCode: 127 };
  }
  if (/chdir to|chdir `/i.test(message)) {
    const why = /No such file/i.test(message) ? 'no such file or directory' : /Not a directory/i.test(message) ? 'not a directory' : 'permission denied';
    return { text: `${starting}chdir to cwd (${JSON.stringify(workingDir)}) set in config.json failed: ${why}: unknown${why === 'not a directory' ? MOUNTING : ''}`, exitCode: why === 'permission denied' ? 126 : 127 };
  }
  if (/is not a regular file|Is a directory/i.test(message)) return { text: `${starting}exec: ${quoted}: is a directory: unknown: permission denied`, exitCode: 126 };
  if (/exists but it is not executable|Permission denied/i.test(message) && /exec/i.test(message)) return { text: `${starting}exec: ${quoted}: permission denied: unknown`, exitCode: 126 };
  if (/Exec format error/i.test(message)) return { text: `${starting}exec: ${quoted}: exec format error: unknown`, exitCode: 126 };
  const sysctl = /sysctl `([^`]*)` requires a new network namespace/.exec(message);
  if (sysctl) return { text: `sysctl ${JSON.stringify(sysctl[1])} not allowed in host network namespace: unknown`, exitCode: 128 };
  const rlimit = /setrlimit `RLIMIT_(\w+)`: (.*)/.exec(message);
  if (rlimit) return { text: `${starting}error during container init: error setting rlimits for ready process: error setting rlimit type ${RLIMITS.indexOf(rlimit[1]!)}: ${rlimit[2]!.toLowerCase()}: unknown`, exitCode: 128 };
  const file = /write file `([\w.]+)`: (.*)/.exec(message);
  if (file) return { text: `${starting}error during container init: error setting cgroup config for procHooks process: failed to write ${file[1]}: ${file[2]!.toLowerCase()}: unknown`, exitCode: 128 };
  const mount = /mount `([^`]*)` to `([^`]*)`: (.*)/.exec(message);
  if (mount) return { text: `${starting}error during container init: error mounting ${JSON.stringify(mount[1])} to rootfs at ${JSON.stringify(`/${mount[2]}`)}: mount ${mount[1]}:/${mount[2]}: ${mount[3]!.toLowerCase()}: unknown`, exitCode: 128 };
  return { text: `${starting}${message}: unknown`, exitCode: 128 };
}
