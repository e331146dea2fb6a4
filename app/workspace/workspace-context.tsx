// Gives the page's one WorkspaceClient to its components. Components read with a selector, so a tick repaints a card and not the page.
'use client';
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import type { TaskState } from '../../server/protocol.ts';
import { useTexts } from '../language/texts-context.tsx';
import { WorkspaceClient, type WorkspaceState } from '../lib/workspace-client.ts';

const ClientContext = createContext<WorkspaceClient | null>(null);

export function WorkspaceProvider({ slug, tasks, children }: { slug: string | null; tasks?: Record<string, TaskState>; children: ReactNode }) {
  const t = useTexts();
  const [client] = useState(() => new WorkspaceClient(slug, t, tasks));
  useEffect(() => client.speak(t), [client, t]);
  return <ClientContext value={client}>{children}</ClientContext>;
}

export function useWorkspaceClient(): WorkspaceClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('Used outside of a WorkspaceProvider.');
  return client;
}

/** The selector must return a part of the state as it is (or a primitive), never a new object. */
export function useWorkspace<T>(select: (state: WorkspaceState) => T): T {
  const client = useWorkspaceClient();
  const read = () => select(client.getSnapshot());
  return useSyncExternalStore(client.subscribe, read, read);
}

/** On a narrow window text and terminal share one place: a command that was just sent should be seen. */
export const ShowTerminalContext = createContext<() => void>(() => undefined);
export const useShowTerminal = (): (() => void) => useContext(ShowTerminalContext);
