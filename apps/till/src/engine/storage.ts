// The log of this device and the SQL engine beside it.
import { type BrowserLog, openBrowserLog, readBrowserLog } from '@tallystick/kernel/browser';
import initSqlJs, { type SqlJsStatic } from 'sql.js';
import sqliteAddress from 'sql.js/dist/sql-wasm-browser.wasm?url';

const logName = 'tallystick';

/** A worker that has just been ended may hold the log a moment longer than the right to write; see single-writer.ts. */
export function openLog(): Promise<BrowserLog> {
  return openBrowserLog(logName, { wait: true });
}

/** A new log in the place of one that holds nothing of a shop: what an interrupted restoring left. */
export async function emptiedLog(log: BrowserLog): Promise<BrowserLog> {
  await log.close();
  const folder = await navigator.storage.getDirectory();
  for (const end of ['log', 'log-index', 'rows-0', 'rows-1'])
    await folder.removeEntry(`${logName}.${end}`).catch(() => undefined);
  return openLog();
}

/** The log as it stands, also one that could not be opened; undefined where there is none. */
export function readLog(): Promise<Blob | undefined> {
  return readBrowserLog(logName);
}

export function loadSqlite(): Promise<SqlJsStatic> {
  return initSqlJs({ locateFile: () => sqliteAddress });
}
