// What the user asked for over what the image says, as dockerd merges the two. Pure.
import type { ContainerConfig } from './config.ts';
import type { ImageConfig } from './model.ts';

export function mergeConfig(user: ContainerConfig, image: ImageConfig): ContainerConfig {
  const names = new Set((user.Env ?? []).map(e => e.split('=', 1)[0]));
  const env = [...(user.Env ?? []), ...(image.Env ?? []).filter(e => !names.has(e.split('=', 1)[0]!))];
  // An entrypoint of the user's own does away with the image's command. [''] is `--entrypoint ""`: none at all.
  const ownEntrypoint = user.Entrypoint !== null && user.Entrypoint.length > 0;
  const entrypoint = ownEntrypoint ? user.Entrypoint : (image.Entrypoint ?? null);
  const cmd = user.Cmd?.length ? user.Cmd : ownEntrypoint ? user.Cmd : (image.Cmd ?? null);
  const cleared = ownEntrypoint && user.Entrypoint!.length === 1 && user.Entrypoint![0] === '';
  return {
    ...user,
    User: user.User || (image.User ?? ''),
    ExposedPorts: merged(user.ExposedPorts, image.ExposedPorts),
    Env: env.length ? env : user.Env,
    Cmd: cmd,
    Entrypoint: cleared ? null : entrypoint,
    Volumes: merged(user.Volumes, image.Volumes),
    WorkingDir: user.WorkingDir || (image.WorkingDir ?? ''),
    Labels: { ...image.Labels, ...user.Labels },
    StopSignal: user.StopSignal || image.StopSignal || undefined,
    Healthcheck: mergedHealthcheck(user.Healthcheck, image.Healthcheck),
    Shell: user.Shell ?? image.Shell ?? null,
    OnBuild: null,
  };
}

/** What the user leaves open is the image's. */
function mergedHealthcheck(user: ContainerConfig['Healthcheck'], image: ContainerConfig['Healthcheck']): ContainerConfig['Healthcheck'] {
  if (!user || !image) return user ?? image;
  return {
    Test: user.Test?.length ? user.Test : image.Test, Interval: user.Interval || image.Interval, Timeout: user.Timeout || image.Timeout,
    StartPeriod: user.StartPeriod || image.StartPeriod, StartInterval: user.StartInterval || image.StartInterval, Retries: user.Retries || image.Retries,
  };
}

function merged(user: Record<string, unknown> | null | undefined, image: Record<string, unknown> | null | undefined): Record<string, unknown> | undefined {
  const both = { ...image, ...user };
  return Object.keys(both).length ? both : undefined;
}
