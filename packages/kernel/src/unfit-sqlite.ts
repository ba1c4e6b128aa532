// Whether the better-sqlite3 that is installed runs on this Node. Where it does not it ends the process, and no error can be caught.
import { createRequire } from 'node:module';

/** From this major on it needs at least this Node. */
const newer = { major: 13, nodeMajor: 22 };

/** What to do about it, in words; undefined where nothing is wrong, or nobody knows which it is. */
export function unfitSqlite(nodeVersion: string, sqliteVersion: string | undefined): string | undefined {
  const isOldNode = Number.parseInt(nodeVersion, 10) < newer.nodeMajor;
  if (!isOldNode || sqliteVersion === undefined || Number.parseInt(sqliteVersion, 10) < newer.major) return undefined;
  return `better-sqlite3 ${sqliteVersion} needs Node ${newer.nodeMajor} or newer, and this is ${nodeVersion}: npm install better-sqlite3@12`;
}

/** Its version; undefined where a bundler has hidden it. */
export function installedSqlite(): string | undefined {
  try {
    return (createRequire(import.meta.url)('better-sqlite3/package.json') as { readonly version: string }).version;
  } catch {
    return undefined;
  }
}
