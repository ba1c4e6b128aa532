// Who can open this till's backups besides the office: a passkey, or a recovery key that a person writes down.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { BackupOpener } from '../engine/port.ts';
import { makePaperOpener, makePasskeyOpener } from '../keys/backed-up-key.ts';
import { isPasskeyPossible } from '../keys/backup-setup.tsx';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Fault } from '../ui/fault.tsx';

export function Openers(): VNode {
  const till = useTill();
  const shop = useShop();
  const { backup } = till.state.value;
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const [paper, setPaper] = useState<{ readonly opener: BackupOpener; readonly identity: string }>();
  const name = async (opener: BackupOpener): Promise<void> => {
    const named = await till.engine.nameOpener(opener);
    if (named.ok) setPaper(undefined);
    else setFault(refusalText(named.code, named.message));
  };
  const addPasskey = async (): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    const made = await makePasskeyOpener(`Tallystick ${shop.till} backups`);
    if (made.ok) await name(made.value);
    else setFault(refusalText(made.code, made.message));
    setBusy(false);
  };
  if (paper !== undefined) return <PaperKey identity={paper.identity} onKept={() => void name(paper.opener)} />;
  return (
    <section class="stack" aria-label="Who can open it">
      <div class="actions">
        {isPasskeyPossible() && backup?.openers.passkey === false && (
          <button type="button" class="button" disabled={isBusy} onClick={() => void addPasskey()}>
            Add a passkey
          </button>
        )}
        {backup?.openers.paper === false && (
          <button type="button" class="button" onClick={() => void makePaperOpener().then(setPaper)}>
            Add a recovery key on paper
          </button>
        )}
      </div>
      <Fault text={fault} />
      <p class="note">What was made before opens only for those who were named then.</p>
    </section>
  );
}

function PaperKey({ identity, onKept }: { readonly identity: string; readonly onKept: () => void }): VNode {
  return (
    <section class="stack" aria-label="Recovery key">
      <p>
        Whoever has this can read all that this till backs up. Write it down or print it, keep it away from this device,
        and compare it: it is shown once.
      </p>
      <p>
        <code class="recovery-key">{identity}</code>
      </p>
      <button type="button" class="button button-primary" onClick={onKept}>
        It is written down
      </button>
    </section>
  );
}
