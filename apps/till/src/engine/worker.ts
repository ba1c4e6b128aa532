// The dedicated worker: calls in, answers and notices out. See host.ts for what it does.
import { faultOf } from './actions.ts';
import { TillHost } from './host.ts';
import type { Answer, Call, Notice } from './messages.ts';
import type { Outcome } from './port.ts';

const host = new TillHost((notice: Notice) => postMessage(notice));

addEventListener('message', ({ data }: MessageEvent<Call>) => {
  void answer(data).then((outcome) => {
    const message: Answer = { call: data.call, outcome };
    postMessage(message);
  });
});

async function answer({ name, args }: Call): Promise<Outcome<unknown>> {
  try {
    const call = host[name] as (...args: readonly unknown[]) => Promise<Outcome<unknown>>;
    return await call(...args);
  } catch (error) {
    return { ok: false, ...faultOf(error) };
  }
}
