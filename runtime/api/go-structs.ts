// Names and types of the Go structs that dockerd 26 decodes bodies into, as far as its complaint about a value of the wrong type tells them.
// Read by body.ts only, once a body was refused; what is not written here has the type that the schema suggests.
// https://pkg.go.dev/encoding/json#UnmarshalTypeError

export interface GoStruct {
  /** As in `Go struct field NAME.Field`. */
  name: string;
  /** As in `of type TYPE`, when something else stands in its place. */
  type?: string;
  /** Embedded structs: their fields are written with that name before them. */
  embeds?: Readonly<Record<string, readonly string[] | 'rest'>>;
  fields?: Readonly<Record<string, string | GoField>>;
}
/** `type` of the field itself, `of` what its elements (or it) hold. */
export interface GoField { type?: string; item?: string; of?: GoStruct }

const struct = (type: string, more: Partial<GoStruct> = {}): GoField => ({ of: { name: type.slice(type.lastIndexOf('.') + 1), type, ...more } });
const list = (type: string, more: Partial<GoStruct> = {}): GoField => ({ type: `[]${type}`, item: type.replace('*', ''), ...struct(type.replace('*', ''), more) });

const RESOURCES = [
  'CpuShares', 'Memory', 'NanoCpus', 'CgroupParent', 'BlkioWeight', 'BlkioWeightDevice', 'BlkioDeviceReadBps', 'BlkioDeviceWriteBps', 'BlkioDeviceReadIOps', 'BlkioDeviceWriteIOps',
  'CpuPeriod', 'CpuQuota', 'CpuRealtimePeriod', 'CpuRealtimeRuntime', 'CpusetCpus', 'CpusetMems', 'Devices', 'DeviceCgroupRules', 'DeviceRequests', 'KernelMemory', 'KernelMemoryTCP',
  'MemoryReservation', 'MemorySwap', 'MemorySwappiness', 'OomKillDisable', 'PidsLimit', 'Ulimits',
] as const;
const resources: GoStruct['fields'] = {
  BlkioWeight: 'uint16', Devices: list('container.DeviceMapping'), DeviceRequests: list('container.DeviceRequest'), Ulimits: list('*units.Ulimit'),
  BlkioWeightDevice: '[]*blkiodev.WeightDevice', BlkioDeviceReadBps: '[]*blkiodev.ThrottleDevice', BlkioDeviceWriteBps: '[]*blkiodev.ThrottleDevice',
  BlkioDeviceReadIOps: '[]*blkiodev.ThrottleDevice', BlkioDeviceWriteIOps: '[]*blkiodev.ThrottleDevice',
};
const restartPolicy = struct('container.RestartPolicy', { fields: { Name: 'container.RestartPolicyMode', MaximumRetryCount: 'int' } });
const endpoint = struct('network.EndpointSettings', { fields: { IPAMConfig: struct('network.EndpointIPAMConfig') } });

const hostConfig = struct('container.HostConfig', {
  embeds: { Resources: RESOURCES },
  fields: {
    ...resources, RestartPolicy: restartPolicy, LogConfig: struct('container.LogConfig'), Mounts: list('mount.Mount', { fields: { Type: 'mount.Type', BindOptions: struct('mount.BindOptions'), VolumeOptions: struct('mount.VolumeOptions'), TmpfsOptions: struct('mount.TmpfsOptions') } }),
    PortBindings: { type: 'nat.PortMap', item: '[]nat.PortBinding', of: { name: 'PortBinding', type: 'nat.PortBinding' } }, ConsoleSize: { type: '[2]uint', item: 'uint' }, OomScoreAdj: 'int',
    NetworkMode: 'container.NetworkMode', IpcMode: 'container.IpcMode', PidMode: 'container.PidMode', UTSMode: 'container.UTSMode', UsernsMode: 'container.UsernsMode', CgroupnsMode: 'container.CgroupnsMode',
    Isolation: 'container.Isolation', Cgroup: 'container.CgroupSpec',
  },
});
const duration = 'time.Duration';
export const CREATE: GoStruct = {
  name: 'ContainerConfigWrapper', type: 'runconfig.ContainerConfigWrapper', embeds: { Config: 'rest' },
  fields: {
    HostConfig: hostConfig,
    NetworkingConfig: struct('network.NetworkingConfig', { fields: { EndpointsConfig: { type: 'map[string]*network.EndpointSettings', item: 'network.EndpointSettings', ...endpoint } } }),
    ExposedPorts: 'nat.PortSet', Volumes: 'map[string]struct {}', StopTimeout: 'int',
    Healthcheck: { ...struct('v1.HealthcheckConfig', { fields: { Interval: duration, Timeout: duration, StartPeriod: duration, StartInterval: duration, Retries: 'int' } }) },
  },
};
export const EXEC: GoStruct = { name: 'ExecConfig', type: 'types.ExecConfig', fields: { ConsoleSize: { type: '[2]uint', item: 'uint' } } };
export const EXEC_START: GoStruct = { name: 'ExecStartCheck', type: 'types.ExecStartCheck', fields: { ConsoleSize: { type: '[2]uint', item: 'uint' } } };
export const UPDATE: GoStruct = { name: 'UpdateConfig', type: 'container.UpdateConfig', embeds: { Resources: RESOURCES }, fields: { ...resources, RestartPolicy: restartPolicy } };
export const NETWORK_CREATE: GoStruct = {
  name: 'NetworkCreateRequest', type: 'types.NetworkCreateRequest', embeds: { NetworkCreate: 'rest' },
  fields: { IPAM: struct('network.IPAM', { fields: { Config: list('network.IPAMConfig') } }), ConfigFrom: struct('network.ConfigReference') },
};
export const NETWORK_CONNECT: GoStruct = { name: 'NetworkConnect', type: 'types.NetworkConnect', fields: { EndpointConfig: endpoint } };
export const NETWORK_DISCONNECT: GoStruct = { name: 'NetworkDisconnect', type: 'types.NetworkDisconnect' };
export const VOLUME_CREATE: GoStruct = { name: 'CreateOptions', type: 'volume.CreateOptions' };

/** Fields of the outermost struct that no embedded one has. */
const OWN: Readonly<Record<string, readonly string[]>> = { ContainerConfigWrapper: ['HostConfig', 'NetworkingConfig'], NetworkCreateRequest: ['Name', 'CheckDuplicate'] };

/** What a value at this path is put into: `Go struct field HostConfig.HostConfig.Memory`, and its type where it is known here. */
export function goPlace(top: GoStruct | undefined, path: readonly PropertyKey[]): { into: string; type?: string | undefined } {
  if (path.length === 0) return { into: 'Go value', type: top?.type };
  let inside: GoStruct | undefined = top;
  let field: GoField | undefined;
  let structName = top?.name;
  let type: string | undefined;
  const names: string[] = [];
  for (const key of path) {
    if (field) { // an element of a list or map: Go does not say which
      type = field.item;
      inside = field.of;
      const isField = inside?.type === undefined || field.type === undefined;
      field = undefined;
      if (!isField) continue;
    }
    if (!inside || typeof key === 'number') { if (!top && typeof key !== 'number') names.push(String(key)); continue; }
    structName = inside.name;
    const embedded = Object.entries(inside.embeds ?? {}).find(([, fields]) => (fields === 'rest' ? !OWN[inside!.name]?.includes(String(key)) : fields.includes(String(key))));
    if (embedded) names.push(embedded[0]);
    names.push(String(key));
    const known: string | GoField | undefined = inside.fields?.[String(key)];
    field = typeof known === 'string' ? { type: known } : known;
    type = field?.type ?? field?.of?.type;
    inside = field?.of;
    if (field && field.type === undefined) field = undefined; // the struct itself
    else if (!field) inside = undefined;
  }
  return { into: `Go struct field ${structName ? `${structName}.` : ''}${names.join('.')}`, type };
}
