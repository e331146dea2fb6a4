// The volumes of a host: named and anonymous directories below /var/lib/docker/volumes on the lab's disk.
// Bookkeeping only: directories are made and removed inside the host by steps and helper tasks.
import { randomBytes } from 'node:crypto';
import { takeRoom, VOLUME_ROOM } from '../record-room.ts';

export const volumesRoot = '/var/lib/docker/volumes';
export const volumeData = (name: string) => `${volumesRoot}/${name}/_data`;

export interface VolumeRecord { name: string; createdAt: string; labels: Record<string, string>; anonymous: boolean; /** options.ts */ options?: Record<string, string> }

export interface Volumes {
  readonly byName: Map<string, VolumeRecord>;
  /** The record of this name, made when it is not there. An empty name makes an anonymous volume. */
  ensure(name: string, asked?: { labels?: Record<string, string>; options?: Record<string, string> }): VolumeRecord;
  forget(name: string): void;
}

export function createVolumes(records: readonly VolumeRecord[], changed: (records: VolumeRecord[]) => void, now: () => string): Volumes {
  const byName = new Map(records.map(r => [r.name, r]));
  return {
    byName,
    ensure(name, { labels = {}, options = {} } = {}) {
      const existing = byName.get(name);
      if (existing) return existing;
      const anonymous = name === '';
      const record: VolumeRecord = { name: name || randomBytes(32).toString('hex'), createdAt: now(), labels: anonymous ? { 'com.docker.volume.anonymous': '', ...labels } : labels, anonymous, ...(Object.keys(options).length ? { options } : {}) };
      takeRoom(VOLUME_ROOM, 'volume', byName, record, one => one);
      byName.set(record.name, record);
      changed([...byName.values()]);
      return record;
    },
    forget(name) {
      if (byName.delete(name)) changed([...byName.values()]);
    },
  };
}
