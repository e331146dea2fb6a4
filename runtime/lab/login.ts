// Who a lab's terminals belong to: root, or the workstation's user of the group docker, when its lesson wants that. Used for terminals and for commands
// that stand for the learner's own; everything else in a lab is done as its root.
import { z } from 'zod';
import { LOGIN_USER } from '../ids.ts';

export const userSchema = z.enum(['root', LOGIN_USER]);
export type LoginUser = z.infer<typeof userSchema>;

const homeOf = (user: LoginUser) => (user === 'root' ? '/root' : `/home/${user}`);

/** The environment of a login. */
export const loginEnvironment = (user: LoginUser) => [
  `HOME=${homeOf(user)}`, `USER=${user}`, `LOGNAME=${user}`, 'SHELL=/bin/bash', 'LANG=C.UTF-8', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
];

// As login(1): the terminal becomes the user's, and nothing of root is left but what sudo gives back.
const BECOME = 'tty=$(tty) && chown "$0" "$tty"; cd ~ 2>/dev/null || cd /; exec setpriv --reuid "$0" --regid "$0" --init-groups "$@"';

/** A program as that user. Begins in the user's home, whatever directory it is started in. */
export const asUser = (user: LoginUser, argv: string[]): string[] => (user === 'root' ? argv : ['/bin/sh', '-c', BECOME, user, ...argv]);
