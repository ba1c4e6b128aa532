// What the page does once it is open: judges every published case by what the browser has, runs our own vectors, lets the
// bare worker trade, and reports all of it to the server it came from.
import { portableHasher } from '@tallystick/chain';
import { choosePlatformEd25519, nobleEd25519, webCryptoEd25519 } from '@tallystick/sign';
import { runFixtureSuites } from './fixture-suites.ts';
import type { LogReport } from './log-worker.ts';
import type { PublishedFile } from './published-cases.ts';
import type { Outcome } from './suite.ts';
import { collectVerdicts, type VerdictList } from './verdicts.ts';
import type { WorkerReport } from './worker.ts';

export interface PageReport {
  readonly userAgent: string;
  /** Whether the browser's WebCrypto has Ed25519; where it has not, there are no verdicts of `webcrypto`. */
  readonly hasEd25519: boolean;
  /** Name of the provider that is chosen here by what it can do. */
  readonly chosenEd25519: string;
  readonly verdicts: readonly VerdictList[];
  readonly fixtures: readonly Outcome[];
  readonly worker: WorkerReport;
  readonly log: LogReport;
}

/** What the page says when it could not finish. */
export interface PageFailure {
  readonly failure: string;
}

async function hasNativeEd25519(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') return false;
    throw error;
  }
}

function askWorker<Report>(path: string): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(path, { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<Report>) => resolve(data), { once: true });
    worker.addEventListener('error', ({ message }) => reject(new Error(`${path} failed: ${message}`)), {
      once: true,
    });
  });
}

async function work(): Promise<PageReport> {
  const response = await fetch('published.json');
  const files = (await response.json()) as readonly PublishedFile[];
  const hasEd25519 = await hasNativeEd25519();
  const ed25519 = { noble: nobleEd25519.verify, ...(hasEd25519 ? { webcrypto: webCryptoEd25519().verify } : {}) };
  const verdicts = await collectVerdicts(files, { ed25519, hashers: { portable: portableHasher } });
  const fixtures = await runFixtureSuites();
  const { name: chosenEd25519 } = await choosePlatformEd25519();
  const worker = await askWorker<WorkerReport>('worker.js');
  const log = await askWorker<LogReport>('log-worker.js');
  return { userAgent: navigator.userAgent, hasEd25519, chosenEd25519, verdicts, fixtures, worker, log };
}

async function report(message: PageReport | PageFailure): Promise<void> {
  await fetch('report', { method: 'POST', body: JSON.stringify(message) });
}

await work().then(report, (error: unknown) => report({ failure: String(error) }));
