// The one time that everything built here carries, so that the same packages give the same digests on every machine and day.
/** 2026-11-01T00:00:00Z, in seconds. Files that packages bring keep older times of their own. */
export const SOURCE_DATE_EPOCH = 1_793_491_200;
export const CREATED = new Date(SOURCE_DATE_EPOCH * 1000).toISOString().replace('.000Z', 'Z');
