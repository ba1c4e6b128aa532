// What commands wrote outside the data directory, so that it can be searched when a person is to be forgotten: exports, mirrors, and what was handed to somebody.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { z } from 'zod';
import type { Home } from './home.ts';

const writtenSchema = z.strictObject({
  kind: z.enum(['export', 'mirror', 'access']),
  path: z.string(),
  at: z.number(),
});

/** A file or folder, by its absolute path. */
export type Written = z.infer<typeof writtenSchema>;

const fileOf = (home: Home): string => join(home.root, 'written.jsonl');

export function noteWritten(home: Home, kind: Written['kind'], path: string): void {
  const at = resolve(path);
  // What lies in the directory is searched with it.
  if (`${at}${sep}`.startsWith(`${resolve(home.root)}${sep}`) || readWritten(home).some((known) => known.path === at))
    return;
  appendFileSync(fileOf(home), `${JSON.stringify({ kind, path: at, at: Date.now() })}\n`, { mode: 0o600, flush: true });
}

/** A line that was cut off is left aside. */
export function readWritten(home: Home): readonly Written[] {
  if (!existsSync(fileOf(home))) return [];
  return readFileSync(fileOf(home), 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [writtenSchema.parse(JSON.parse(line))];
      } catch {
        return [];
      }
    });
}
