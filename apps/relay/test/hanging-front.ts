// A program: starts a relay in the folder that is named, has its thread for HTTP hang, and stops it. Prints the lines of its log.
import { type NodeWorker, Session } from 'node:inspector';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRelay } from '../src/start-relay.ts';

const session = new Session();
session.connect();
const attached = new Promise<string>((resolve) => {
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    if (params.workerInfo.url.endsWith('/front.ts')) resolve(params.sessionId);
  });
});
session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
const relay = await startRelay({
  dataDir: process.argv[2] as string,
  port: 0,
  // All but the front end in much less, on a busy machine too.
  stopMs: 2_000,
  log: (line) => process.stdout.write(`${JSON.stringify(line)}\n`),
});
const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } });
const asking: NodeWorker.SendMessageToWorkerParameterType = { message, sessionId: await attached };
session.post('NodeWorker.sendMessageToWorker', asking);
const isAnswered = (): Promise<boolean> =>
  fetch(`${relay.url}/healthz`, { signal: AbortSignal.timeout(1_000) }).then(
    () => true,
    () => false,
  );
while (await isAnswered()) await sleep(10);
await relay.close();
session.disconnect();
