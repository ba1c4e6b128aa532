// The drill of a running office, as a process of its own: it copies and folds whole logs, and the office answers meanwhile.
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { drillStanding, lastOf, noteDrill, readDrillPlan } from './drill-plan.ts';
import { OfficeError } from './errors.ts';
import type { Home } from './home.ts';

const program = fileURLToPath(new URL('./tally.ts', import.meta.url));
const niceness = 10;
/** One that failed is tried again at this pace: a stick may be away for days. */
const againMs = 3_600_000;
/** What a process may say before the rest is left out. */
const maxUnits = 4_096;

/** Makes the drill that is remembered in the directory, where it is due; `signal` ends it. Throws `office/backup` where it could not be made. */
export async function drillIfDue(home: Home, signal: AbortSignal): Promise<void> {
  const plan = readDrillPlan(home);
  const nowMs = Date.now();
  if (plan === undefined || !drillStanding(plan, nowMs).isDue) return;
  if (plan.fault !== undefined && nowMs - plan.fault.at < againMs && nowMs >= plan.fault.at) return;
  const args = [program, 'drill', 'blackout', '--due', '--data', home.root];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], signal });
  if (child.pid !== undefined) setPriority(child.pid, niceness);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, maxUnits)));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // Status 1 is also that of a drill that found something missing: what was written down tells.
  const after = readDrillPlan(home);
  const isTold = [after?.last, after?.fault].some((result) => result !== undefined && result.at >= nowMs);
  if (after === undefined || isTold) return;
  // It was killed, or never came to its work. Kept like any other fault, or it would be tried again at every look.
  const message = `it ended without a result: ${said.trim()}`;
  noteDrill(home, plan, { ...lastOf(after), fault: { at: Date.now(), message } });
  throw new OfficeError('office/backup', message);
}
