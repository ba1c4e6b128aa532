// What stands in the place of the whole till where its log does not open: it is damaged, or a newer version wrote it.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { isDamage, newerLog } from '../model/log-faults.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { lookForUpdate } from '../state/service-worker.ts';
import { exportToFile } from './export-file.ts';
import { Fault } from './fault.tsx';
import { Doubt, NotStarted } from './full-screens.tsx';
import { Icon } from './icons.tsx';

export function Failed({ code, message }: { readonly code: string; readonly message: string }): VNode {
  const till = useTill();
  const [isExported, setExported] = useState(false);
  const isNewer = code === newerLog;
  useEffect(() => {
    if (isNewer) void lookForUpdate();
  }, [isNewer]);
  const restart = till.updateReady.value;
  return (
    <NotStarted title={isNewer ? 'This till needs its newer version' : 'The till cannot start'}>
      <p>{refusalText(code, message)}</p>
      <p>
        <code>{code}</code>
      </p>
      <Doubt />
      <div class="actions">
        <button
          type="button"
          class="button"
          onClick={() => void exportToFile(till).then((isOut) => setExported(isExported || isOut))}
        >
          <Icon name="save" size={20} /> Export what is saved
        </button>
        <button type="button" class="button button-primary" onClick={restart ?? (() => location.reload())}>
          {restart === undefined ? 'Try again' : 'Restart with the new version'}
        </button>
      </div>
      <p role="status">{till.toast.value?.text}</p>
      {isExported && isDamage(code) && <StartAnew />}
    </NotStarted>
  );
}

/** Offered once the bytes are in a person's hands: what nobody has elsewhere is in that file alone. */
function StartAnew(): VNode {
  const till = useTill();
  const [fault, setFault] = useState<string>();
  const start = async (): Promise<void> => {
    const begun = await till.engine.startAnew();
    if (!begun.ok) setFault(refusalText(begun.code, begun.message));
  };
  return (
    <>
      <p>
        Sales that nobody else has are in that file alone. The till begins anew, and its old log stays on this device,
        put aside. In a shop it comes back by an invitation, and sells again once the office has read the file in, or as
        a new till.
      </p>
      <button type="button" class="button" onClick={() => void start()}>
        The file is kept: start anew
      </button>
      <Fault text={fault} />
    </>
  );
}
