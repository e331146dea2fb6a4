// How a workspace tells all its tabs what happens; made by the gateway, which says it to each in its language.
import type { Said, ServerEvents } from '../protocol.ts';

export type Announce = <E extends keyof ServerEvents>(event: E, ...args: Parameters<ServerEvents<Said>[E]>) => void;
