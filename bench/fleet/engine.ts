/** The servers behind the relay of a fleet, where its logs are not in a file of its own: as tests start them, on this machine, every write synced. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startNats } from '../../scripts/servers/nats.ts';
import { startPostgres } from '../../scripts/servers/postgres.ts';

export const engines = ['sqlite', 'postgres', 'nats'] as const;
export type EngineName = (typeof engines)[number];

export interface Engine {
  /** What the relay is told. */
  readonly relayOptions: readonly string[];
  /** All copies together, besides what the relay keeps itself. */
  diskBytes(): number;
  stop(): Promise<void>;
}

/** PostgreSQL has a synchronous standby, NATS three nodes. */
export async function startEngine(name: EngineName): Promise<Engine> {
  if (name === 'sqlite') return { relayOptions: [], diskBytes: () => 0, stop: async () => undefined };
  const servers = name === 'postgres' ? await startPostgres({ standby: true }) : await startNats();
  const monitors = 'monitorUrls' in servers ? servers.monitorUrls : [];
  const demands = name === 'postgres' ? ['--standby', 'required'] : [];
  return {
    relayOptions: [
      '--engine',
      name,
      ...demands,
      ...servers.urls.flatMap((url) => ['--server', url]),
      ...monitors.flatMap((url) => ['--monitor', url]),
    ],
    diskBytes: () => sizeOf(servers.folder),
    stop: () => servers.stop(),
  };
}

/** Files come and go while a server runs. */
function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => {
    const file = statSync(join(parentPath, name), { throwIfNoEntry: false });
    return sum + (file?.size ?? 0);
  }, 0);
}
