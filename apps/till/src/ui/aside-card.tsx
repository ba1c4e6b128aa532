// The damaged logs that were put aside when this till began anew: given out as files, and let go of only after that.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type AsideLog, asideLogs, letGoOfAside } from '../engine/aside-files.ts';
import { dateTimeText } from '../model/time.ts';
import { useTill } from '../state/context.ts';
import { bytesText, Card } from './card.tsx';
import { saveFile } from './export-file.ts';
import { Fault } from './fault.tsx';
import { Icon } from './icons.tsx';

export function AsideCard(): VNode | null {
  const [logs, setLogs] = useState<readonly AsideLog[]>([]);
  const look = (): void => {
    asideLogs().then(setLogs, () => setLogs([]));
  };
  useEffect(look, []);
  if (logs.length === 0) return null;
  return (
    <Card title="Put aside">
      <p>What this till could not open any more, as it was. It takes its room until you let go of it.</p>
      {logs.map((log) => (
        <Aside key={log.name} log={log} onGone={look} />
      ))}
    </Card>
  );
}

function Aside({ log, onGone }: { readonly log: AsideLog; readonly onGone: () => void }): VNode {
  const [isGiven, setGiven] = useState(false);
  const [fault, setFault] = useState<string>();
  // Until then nobody knows whether the file was read in.
  const isNeeded = useTill().state.value.key?.unread !== undefined;
  const give = async (): Promise<void> => {
    try {
      saveFile(`tallystick-till-put-aside-${log.at}.log`, new Uint8Array(await log.file.arrayBuffer()));
      setGiven(true);
    } catch (error) {
      setFault(`The export failed: ${String(error)}`);
    }
  };
  return (
    <section class="stack" aria-label={`Put aside ${dateTimeText(log.at)}`}>
      <p>
        {dateTimeText(log.at)}, {bytesText(log.file.size)}
      </p>
      <button type="button" class="button" onClick={() => void give()}>
        <Icon name="save" size={20} /> Save it as a file
      </button>
      {isGiven && isNeeded && <p>You can let go of it once this till sells again.</p>}
      {isGiven && !isNeeded && (
        <LetGo onLetGo={() => void letGoOfAside(log).then(onGone, (error: unknown) => setFault(String(error)))} />
      )}
      <Fault text={fault} />
    </section>
  );
}

/** Asked twice: what is gone from here is in the file alone. */
function LetGo({ onLetGo }: { readonly onLetGo: () => void }): VNode {
  const [isAsked, setAsked] = useState(false);
  if (!isAsked)
    return (
      <button type="button" class="button" onClick={() => setAsked(true)}>
        Let go of it
      </button>
    );
  return (
    <div class="stack" role="alert">
      <p>It is in the file alone then, and no longer on this device. Is the file kept?</p>
      <button type="button" class="button" onClick={() => setAsked(false)}>
        Leave it here
      </button>
      <button type="button" class="button button-danger" onClick={onLetGo}>
        The file is kept: let go
      </button>
    </div>
  );
}
