/** What the figures were measured on, and where on its disk. */
import { mkdirSync, mkdtempSync, statfsSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly system: string;
  readonly node: string;
  readonly sqlite: string;
  /** Type number of the file system, as statfs gives it; 16914836 is memory, which makes every durable figure worthless. */
  readonly fileSystem: number;
  /** Load of the last minute when the suite began. */
  readonly load: number;
}

const cache = fileURLToPath(new URL('../node_modules/.cache/tallystick-bench/', import.meta.url));

/** A new folder on the disk of the repository: the system's folder for temporary files may be memory. */
export function makeFolder(): string {
  mkdirSync(cache, { recursive: true });
  return mkdtempSync(join(cache, 'run-'));
}

export function describeMachine(): Machine {
  mkdirSync(cache, { recursive: true });
  const db = new Database(':memory:');
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get());
  db.close();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1e6),
    system: `${platform()} ${release()}`,
    node: process.version,
    sqlite,
    fileSystem: statfsSync(cache).type,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
