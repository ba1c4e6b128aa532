// A wiped till comes back: by the office's link it learns which till it was and how its key is backed up, and opens one of the backups.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Outcome } from '../engine/port.ts';
import { type Invitation, parseInvitation } from '../model/invitation.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { RestoreFromFile } from '../backup/restore-from-file.tsx';
import { Fault } from '../ui/fault.tsx';
import { createOneTimeIdentity, type OpenedKey, openReleased, openWithPasskey, putBack } from './backed-up-key.ts';
import { askForBackups, askForRelease, releaseCode, type Returning } from './restoring.ts';
import { SheetsForm } from './sheets-form.tsx';

interface Found {
  readonly link: Invitation;
  readonly identity: string;
  readonly recipient: string;
  readonly till: Returning;
}

export function RestoreTill({ pasted }: { readonly pasted: string }): VNode {
  const [found, setFound] = useState<Found>();
  const [isByFile, setByFile] = useState(false);
  if (isByFile) return <RestoreFromFile onBack={() => setByFile(false)} />;
  if (found === undefined)
    return (
      <div class="stack">
        <AskForm pasted={pasted} onFound={setFound} />
        <button type="button" class="button button-quiet" onClick={() => setByFile(true)}>
          From a backup: a file, or a mail
        </button>
      </div>
    );
  return <OpenBackup found={found} />;
}

interface AskFormProps {
  readonly pasted: string;
  readonly onFound: (found: Found) => void;
}

function AskForm({ pasted, onFound }: AskFormProps): VNode {
  const [text, setText] = useState(pasted);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const ask = async (event: Event): Promise<void> => {
    event.preventDefault();
    const link = parseInvitation(text);
    if (!link.ok) return setFault(refusalText(link.code, link.code));
    setBusy(true);
    setFault(undefined);
    const { identity, recipient } = await createOneTimeIdentity();
    const asked = await askForBackups(link.value, recipient);
    setBusy(false);
    if (asked.ok) onFound({ link: link.value, identity, recipient, till: asked.value });
    else setFault(refusalText(asked.code, asked.message));
  };
  return (
    <form class="stack" onSubmit={(event) => void ask(event)}>
      <h2>Bring a till back</h2>
      <p>
        For a till whose browser was wiped or whose device broke. The office gives out a link for it: “Devices”, the
        till, “Give its key back”.
      </p>
      <label class="field">
        <span>Link from the office</span>
        <textarea
          rows={4}
          autocomplete="off"
          spellcheck={false}
          placeholder="https://…#restore=…"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <Fault text={fault} />
      <button type="submit" class="button button-primary button-tall" disabled={isBusy || text.trim() === ''}>
        {isBusy ? 'Asking the office…' : 'Find its backup'}
      </button>
    </form>
  );
}

function OpenBackup({ found }: { readonly found: Found }): VNode {
  const till = useTill();
  const { name, keyId, backups, request } = found.till;
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const sealedOf = (kind: string): string | undefined => backups.find((backup) => backup.kind === kind)?.sealed;
  const finish = async (opened: Outcome<OpenedKey>): Promise<void> => {
    const kept = opened.ok ? await putBack(opened.value) : opened;
    const restored = kept.ok ? await till.engine.restore({ ...request, office: found.link.office }) : kept;
    setBusy(false);
    if (!restored.ok) setFault(refusalText(restored.code, restored.message));
  };
  const byPasskey = async (sealed: string): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    await finish(await openWithPasskey(sealed, keyId));
  };
  const passkey = sealedOf('passkey');
  return (
    <div class="stack">
      <h2>Bring {name} back</h2>
      {backups.length === 0 && (
        <p role="alert">
          The key of this till was never backed up, so it cannot come back. Ask the office to invite a new till in its
          place.
        </p>
      )}
      <Fault text={fault} />
      {passkey !== undefined && (
        <section class="stack" aria-label="By passkey">
          <p>Its key is sealed to a passkey.</p>
          <button
            type="button"
            class="button button-primary button-tall"
            disabled={isBusy}
            onClick={() => void byPasskey(passkey)}
          >
            Use the passkey
          </button>
        </section>
      )}
      {sealedOf('organisation') !== undefined && <ByOffice found={found} onOpened={finish} />}
      {sealedOf('shares') !== undefined && <SheetsForm keyId={keyId} onOpened={finish} />}
    </div>
  );
}

const askAgainMs = 1_500;

function ByOffice({
  found,
  onOpened,
}: {
  found: Found;
  onOpened: (opened: Outcome<OpenedKey>) => Promise<void>;
}): VNode {
  const { link, identity, recipient, till } = found;
  const [isWaiting, setWaiting] = useState(false);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setInterval(() => void look(), askAgainMs);
    const look = async (): Promise<void> => {
      const asked = await askForRelease(link, recipient);
      // The office may be away for a moment; a link that ended is said.
      if (!asked.ok) return setFault(refusalText(asked.code, asked.message));
      setFault(undefined);
      if (asked.value === undefined) return;
      clearInterval(timer);
      await onOpened(await openReleased(asked.value, identity, till.keyId));
    };
    void look();
    return () => clearInterval(timer);
  }, [isWaiting]);
  return (
    <section class="stack" aria-label="By the office">
      <p>Its key is in the office’s escrow.</p>
      {isWaiting ? (
        <p role="status">
          <strong>Waiting for the office.</strong> It sees under “Devices” that {till.name} asks for its key, and opens
          the escrow there. Its code must be <strong>{releaseCode(recipient)}</strong>: compare them first.
        </p>
      ) : (
        <button type="button" class="button button-tall" onClick={() => setWaiting(true)}>
          Ask the office to open it
        </button>
      )}
      <Fault text={fault} />
    </section>
  );
}
