// Changing the key of a till that has one, and going on as a new till where this one was copied or revoked.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { MadeKey } from '../engine/requests.ts';
import { parseInvitation } from '../model/invitation.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Fault } from '../ui/fault.tsx';
import { BackupSetup } from './backup-setup.tsx';

export function ChangeKeyDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const shop = useShop();
  const state = till.state.value.key;
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const change = async (made: MadeKey): Promise<void> => {
    setBusy(true);
    const changed = await till.engine.changeKey(made);
    setBusy(false);
    if (!changed.ok) return setFault(refusalText(changed.code, changed.message));
    till.toast.value = { text: 'The till goes on under its new key, which is backed up.' };
    onClose();
  };
  return (
    <Dialog title="A new key for this till" onClose={onClose} isBusy={isBusy}>
      <div class="stack">
        {state?.isSealedElsewhere === true && (
          <p role="alert">
            The invitation had the key sealed to others than the shop’s book names. Whoever they are may be able to sign
            as this till until it has another key.
          </p>
        )}
        {state?.backups.length === 0 && !state.isSealedElsewhere && (
          <p>A key that is in use cannot be copied out, so the till gets a new one that is backed up first.</p>
        )}
        <p>Nothing is lost: what the old key signed stays, and from now on it signs nothing.</p>
        <BackupSetup
          till={shop.till}
          escrow={state?.escrow ?? []}
          isFirst={false}
          onMade={(made) => void change(made)}
        />
        <Fault text={fault} />
      </div>
    </Dialog>
  );
}

export function GoOnDialog({ onClose }: { readonly onClose: () => void }): VNode {
  const till = useTill();
  const shop = useShop();
  const [text, setText] = useState('');
  const [name, setName] = useState(`${shop.till}-b`);
  const [isReady, setReady] = useState(false);
  const [made, setMade] = useState<MadeKey>();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const invitation = parseInvitation(text);
  // The book is here, so it says to whom; what an invitation says can be forged.
  const escrow = till.state.value.key?.escrow ?? [];
  const goOn = async (key: MadeKey | undefined): Promise<void> => {
    if (!invitation.ok) return;
    setMade(key);
    setReady(false);
    setBusy(true);
    setFault(undefined);
    const done = await till.engine.goOnAsNew({ ...invitation.value, till: name, key });
    setBusy(false);
    if (!done.ok) return setFault(refusalText(done.code, done.message));
    till.toast.value = { text: `This till goes on as ${name}. Open the drawer with what is in it.` };
    onClose();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!invitation.ok) return setFault(refusalText(invitation.code, invitation.code));
    if (made === undefined) setReady(true);
    else void goOn(made);
  };
  return (
    <Dialog title="Go on as a new till" onClose={onClose} isBusy={isBusy}>
      {isReady && invitation.ok ? (
        <BackupSetup
          till={name}
          escrow={escrow}
          isFirst={false}
          onSkip={() => void goOn(undefined)}
          onMade={(key) => void goOn(key)}
        />
      ) : (
        <form class="stack" onSubmit={submit}>
          <p>
            Ask the office for an invitation in the place of {shop.till}: “Devices”, {shop.till}, “Replace it”. All
            sales stay in the shop’s books; receipts go on under the new name.
          </p>
          <label class="field">
            <span>Invitation</span>
            <textarea
              rows={3}
              autocomplete="off"
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span>Name of the new till</span>
            <input
              value={name}
              required
              maxLength={32}
              autocomplete="off"
              onInput={(event) => setName(event.currentTarget.value.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-'))}
            />
          </label>
          <Fault text={fault} />
          <button type="submit" class="button button-primary button-tall" disabled={isBusy || name === ''}>
            {isBusy ? 'Joining…' : 'Go on'}
          </button>
        </form>
      )}
    </Dialog>
  );
}
