// The log stores of a browser in a worker: the contract of every log store and what is a browser's own, for each kind that there is here.
import { type BrowserLogKind, openBrowserLog } from '@tallystick/kernel/browser';
import initSqlJs from 'sql.js';
import { browserDamageSuite } from '../../packages/kernel/test/browser-damage.ts';
import { browserImageSuite } from '../../packages/kernel/test/browser-image.ts';
import { browserLogSuite } from '../../packages/kernel/test/browser-log.ts';
import { type Outcome, runSuite } from './suite.ts';

export interface LogReport {
  /** Where a new log is kept in this browser. */
  readonly chosen: BrowserLogKind;
  readonly outcomes: readonly Outcome[];
}

const log = await openBrowserLog('chosen');
const { kind: chosen } = log;
await log.close();
const sqlite = await initSqlJs();
if (chosen === 'opfs') {
  browserLogSuite('opfs', sqlite);
  browserDamageSuite('opfs', sqlite);
  browserImageSuite(sqlite);
}
browserLogSuite('indexeddb', sqlite);
browserDamageSuite('indexeddb', sqlite);
const report: LogReport = { chosen, outcomes: await runSuite() };
postMessage(report);
