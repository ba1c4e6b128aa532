// The dedicated worker: calls in, answers and notices out. See host.ts for what it does.
import { faultOf, unknown } from './entry.ts';
import { TillHost } from './host.ts';
import { type Call, type FromWorker, isEntryName, type Notice, type ToWorker } from './messages.ts';
import type { Outcome } from './port.ts';

const host = new TillHost((notice: Notice) => postMessage(notice));

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if ('kind' in data) return tell({ kind: 'here' });
  void answer(data).then((outcome) => tell({ call: data.call, outcome }));
});

function tell(message: FromWorker): void {
  postMessage(message);
}

async function answer({ name, args }: Call): Promise<Outcome<unknown>> {
  try {
    const call = host[name] as (...args: readonly unknown[]) => Promise<Outcome<unknown>>;
    return await call(...args);
  } catch (error) {
    if (name === 'lookUp' || isEntryName(name)) return unknown(error);
    return { ok: false, ...faultOf(error) };
  }
}
