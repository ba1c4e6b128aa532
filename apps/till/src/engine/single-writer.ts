// One tab writes at a time (DESIGN section 1: one device, one key, one writer). The right to write is a Web Lock that the
// worker holds for as long as it lives; tabs that wait hear from the writer what there is to see.
import type { TillState } from './port.ts';

const lockName = 'tallystick-till-writer';
const channelName = 'tallystick-till';

type Message =
  | { readonly kind: 'who' }
  | { readonly kind: 'let-go' }
  | { readonly kind: 'shown'; readonly state: TillState };

export interface SingleWriterOptions {
  /** Runs while this tab may write; the right ends when it resolves. */
  readonly write: (letGo: Promise<void>) => Promise<void>;
  /** Another tab writes; called at once and whenever that tab shows something new. */
  readonly wait: (shown: TillState | undefined) => void;
}

export interface SingleWriter {
  /** Lets waiting tabs see what this one shows. */
  show(state: TillState): void;
  /** Asks the writing tab to let go. */
  takeOver(): void;
}

export function createSingleWriter({ write, wait }: SingleWriterOptions): SingleWriter {
  const channel = new BroadcastChannel(channelName);
  const send = (message: Message): void => channel.postMessage(message);
  let isWriting = false;
  let shown: TillState | undefined;
  let letGo: () => void = () => undefined;

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'who' && isWriting && shown !== undefined) send({ kind: 'shown', state: shown });
    if (data.kind === 'let-go' && isWriting) letGo();
    if (data.kind === 'shown' && !isWriting) wait(data.state);
  };

  async function hold(): Promise<void> {
    isWriting = true;
    const asked = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await write(asked);
    isWriting = false;
    shown = undefined;
  }

  async function contend(): Promise<void> {
    for (;;) {
      const had = await navigator.locks.request(lockName, { ifAvailable: true }, async (lock) => {
        if (lock !== null) await hold();
        return lock !== null;
      });
      wait(undefined);
      send({ kind: 'who' });
      // A tab that just let go queues behind the one that asked.
      await navigator.locks.request(lockName, hold);
      if (had) wait(undefined);
    }
  }
  void contend();
  return {
    show(state) {
      shown = state;
      send({ kind: 'shown', state });
    },
    takeOver: () => send({ kind: 'let-go' }),
  };
}
