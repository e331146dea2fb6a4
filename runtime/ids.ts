// Uids and names that processes, disks and set-up must agree on.

/** On disk, files of layers and labs belong to this range: nobody on the machine, and nobody in a lab without the idmapped mount. */
export const STORE_UID_BASE = 1_879_048_192; // 0x70000000
/** Each lab has 65,536 uids of its own from here; 2,048 labs at most. Reserved in /etc/subuid and /etc/subgid by set-up. */
export const LAB_UID_BASE = 1_610_612_736; // 0x60000000
export const UIDS_PER_LAB = 65_536;
export const MAX_LABS = 2_048;

export const ENGINE_USER = 'slipway-engine';
export const WEB_USER = 'slipway-web';
/** Those who may talk to shims and to the engine's control socket. */
export const GROUP = 'slipway';
