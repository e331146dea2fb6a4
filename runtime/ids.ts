// Uids and names that processes, disks and set-up must agree on.

/** On disk, files of layers and labs belong to this range: nobody on the machine, and nobody in a lab without the idmapped mount. */
export const STORE_UID_BASE = 1_879_048_192; // 0x70000000
/** Each lab has 65,536 uids of its own from here; 2,048 labs at most. Reserved in /etc/subuid and /etc/subgid by set-up. */
export const LAB_UID_BASE = 1_610_612_736; // 0x60000000
export const UIDS_PER_LAB = 65_536;
export const MAX_LABS = 2_048;
/** Behind them, each lab has one more, which no process in the lab can be: what carries its egress runs as that (broker/egress). */
export const GATE_UID_BASE = LAB_UID_BASE + MAX_LABS * UIDS_PER_LAB;

/** The group of a lab's docker socket, as the workstation numbers it. */
export const DOCKER_GID = 900;
/** The workstation's user besides root: in the groups docker and sudo, without a password. */
export const LOGIN_USER = 'learner';

export const ENGINE_USER = 'slipway-engine';
export const WEB_USER = 'slipway-web';
/** Fetches from upstream registries that the operator allows; knows their passwords. */
export const MIRROR_USER = 'slipway-mirror';
/** Runs the distribution server that serves the image library. */
export const REGISTRY_USER = 'slipway-registry';
/** Those who may talk to shims and to the engine's control socket. */
export const GROUP = 'slipway';
