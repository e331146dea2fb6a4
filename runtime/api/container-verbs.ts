// The verbs of containers as one value, so that routes name what they use of it and tests can give them others. Called by api.ts.
import { attach } from '../container/attach.ts';
import { create } from '../container/create.ts';
import { createExec, inspectExec, resizeExec, resolveExec, startExec } from '../container/exec.ts';
import { inspect, mounts, networks, ports } from '../container/inspect.ts';
import { kill } from '../container/kill.ts';
import { pause, unpause } from '../container/pause.ts';
import { remove } from '../container/remove.ts';
import { rename } from '../container/rename.ts';
import { resize } from '../container/resize.ts';
import { resolve } from '../container/resolve.ts';
import { restart } from '../container/restart.ts';
import { start } from '../container/start.ts';
import { stop } from '../container/stop.ts';
import { top } from '../container/top.ts';
import type { ContainerVerbs } from '../container/verbs.ts';
import { wait } from '../container/wait.ts';
import { removeVolume } from '../container/remove-volume.ts';

export const containerVerbs: ContainerVerbs = {
  resolve, create, start, stop, restart, kill, pause, unpause, remove, rename, wait, attach, resize, top, inspect, networks, ports, mounts,
  createExec, startExec, inspectExec, resizeExec, resolveExec, removeVolume,
};
