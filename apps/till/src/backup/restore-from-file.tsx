// Brings a till back from a backup that a person has: files, the attachment of a mail, a mail pasted whole. What is wrong with any of it is said before
// anything is opened; the key of the till comes back by its own backups, or the till goes on as a new one.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { BackupRequest, FoundBackup, FoundTill, Outcome } from '../engine/port.ts';
import { type OpenedKey, openReleased, openWithPasskey, openWithPasskeyOf, putBack } from '../keys/backed-up-key.ts';
import { isPasskeyPossible } from '../keys/backup-setup.tsx';
import { SheetsForm } from '../keys/sheets-form.tsx';
import { dateTimeText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import { Fault } from '../ui/fault.tsx';

type Given = BackupRequest['files'];

interface Looked {
  readonly found: FoundBackup;
  readonly identities: readonly string[];
}

/** More than any mail or download of ours; a page that reads it would stop answering. */
const maxBytes = 512 << 20;

export function RestoreFromFile({ onBack }: { readonly onBack: () => void }): VNode {
  const [looked, setLooked] = useState<Looked>();
  const till = looked?.found.till;
  return (
    <div class="stack">
      <h2>Bring a till back from a backup</h2>
      {till === undefined ? (
        <Choose onLooked={setLooked} />
      ) : (
        <BringBack till={till} identities={looked?.identities ?? []} />
      )}
      {looked !== undefined && <Faults found={looked.found} />}
      <button
        type="button"
        class="button button-quiet"
        onClick={till === undefined ? onBack : () => setLooked(undefined)}
      >
        {till === undefined ? 'By the office’s link instead' : 'Choose other files'}
      </button>
    </div>
  );
}

function Choose({ onLooked }: { readonly onLooked: (looked: Looked) => void }): VNode {
  const till = useTill();
  const [files, setFiles] = useState<Given>([]);
  const [pasted, setPasted] = useState('');
  const [identity, setIdentity] = useState('');
  const [known, setKnown] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const given = (): Given =>
    pasted.trim() === '' ? files : [...files, { name: 'pasted text', bytes: new TextEncoder().encode(pasted) }];
  const look = async (identities: readonly string[]): Promise<void> => {
    const number = Number.parseInt(known, 10);
    const request = { files: given(), identities, ...(number > 0 ? { known: number } : {}) };
    const found = await till.engine.lookAtBackup(request);
    if (found.ok) onLooked({ found: found.value, identities });
    else setFault(refusalText(found.code, found.message));
  };
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    await work();
    setBusy(false);
  };
  const byPasskey = async (): Promise<void> => {
    // Fetched by the engine too; here it is asked for what the passkey has to open.
    const { filesOf } = await import('@tallystick/recovery');
    const opened = await openWithPasskeyOf(given().flatMap(({ name, bytes }) => filesOf(name, bytes).openers));
    if (opened.ok) await look([opened.value]);
    else setFault(refusalText(opened.code, opened.message));
  };
  const isEmpty = files.length === 0 && pasted.trim() === '';
  const submit = (event: Event): void => {
    event.preventDefault();
    void run(() => look([identity.trim()]));
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        <span>Files of the backup, or of the mail</span>
        <input
          type="file"
          multiple
          onChange={(event) =>
            void readFiles(event.currentTarget).then(setFiles, () =>
              setFault('These files are too large, or cannot be read.'),
            )
          }
        />
      </label>
      <label class="field">
        <span>Or the text of the mail, with its attachment</span>
        <textarea
          rows={3}
          autocomplete="off"
          spellcheck={false}
          value={pasted}
          onInput={(event) => setPasted(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Last number you know of</span>
        <input inputMode="numeric" value={known} onInput={(event) => setKnown(event.currentTarget.value)} />
        <small>Left empty, the till cannot tell by it whether a newer one was held back.</small>
      </label>
      <label class="field">
        <span>Recovery key</span>
        <input
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder="AGE-SECRET-KEY-1…"
          value={identity}
          onInput={(event) => setIdentity(event.currentTarget.value)}
        />
      </label>
      <Fault text={fault} />
      <button
        type="submit"
        class="button button-primary button-tall"
        disabled={isBusy || isEmpty || identity.trim() === ''}
      >
        {isBusy ? 'Looking…' : 'Look at it'}
      </button>
      {isPasskeyPossible() && (
        <button
          type="button"
          class="button button-tall"
          disabled={isBusy || isEmpty}
          onClick={() => void run(byPasskey)}
        >
          Open it with a passkey
        </button>
      )}
    </form>
  );
}

async function readFiles({ files }: HTMLInputElement): Promise<Given> {
  const chosen = [...(files ?? [])];
  if (chosen.reduce((sum, { size }) => sum + size, 0) > maxBytes) throw new Error('These files are too large.');
  return Promise.all(
    chosen.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
}

/** Every file that is not believed, and what is wrong with all of them together. */
function Faults({ found }: { readonly found: FoundBackup }): VNode | null {
  if (found.faults.length === 0) return null;
  return (
    <section class="stack" role="alert" aria-label="What is wrong">
      {found.till === undefined && <strong>Nothing of this can be brought back.</strong>}
      <ul class="refusals">
        {found.faults.map(({ name, code, message }, index) => (
          <li key={index}>
            {name !== '' && <strong>{name}: </strong>}
            {refusalText(code, code)} <small>{message}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function BringBack({
  till: found,
  identities,
}: {
  readonly till: FoundTill;
  readonly identities: readonly string[];
}): VNode {
  const till = useTill();
  const [relay, setRelay] = useState(found.relay);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const sealedOf = (kind: string): string | undefined => found.keys.find((key) => key.kind === kind)?.sealed;
  const restore = async (hasKey: boolean): Promise<void> => {
    const { book, number } = found;
    const restored = await till.engine.restoreBackup({ book, number, hasKey, relay });
    if (!restored.ok) setFault(refusalText(restored.code, restored.message));
  };
  const withKey = async (opening: Promise<Outcome<OpenedKey>>): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    const opened = await opening;
    const kept = opened.ok ? await putBack(opened.value) : opened;
    if (kept.ok) await restore(true);
    else setFault(refusalText(kept.code, kept.message));
    setBusy(false);
  };
  const [passkey, escrow, sheets] = [sealedOf('passkey'), sealedOf('organisation'), sealedOf('shares')];
  const [identity = ''] = identities;
  return (
    <section class="stack" aria-label="What was found">
      <p>
        <strong>{found.till}</strong> of <strong>{found.shop}</strong>, backup {found.number} of{' '}
        {dateTimeText(found.at)}.
      </p>
      <label class="field">
        <span>Relay</span>
        <input value={relay} onInput={(event) => setRelay(event.currentTarget.value)} />
        <small>The till sells again once it has learnt there what it sold last.</small>
      </label>
      <Fault text={fault} />
      {passkey !== undefined && (
        <button
          type="button"
          class="button button-primary button-tall"
          disabled={isBusy}
          onClick={() => void withKey(openWithPasskey(passkey, found.keyId))}
        >
          Bring it back with its passkey
        </button>
      )}
      {escrow !== undefined && (
        <button
          type="button"
          class="button button-primary button-tall"
          disabled={isBusy}
          onClick={() => void withKey(openReleased(escrow, identity, found.keyId))}
        >
          Bring it back with the recovery key
        </button>
      )}
      {sheets !== undefined && (
        <SheetsForm keyId={found.keyId} onOpened={(opened) => withKey(Promise.resolve(opened))} />
      )}
      <button
        type="button"
        class="button button-tall"
        disabled={isBusy}
        onClick={() => {
          setBusy(true);
          void restore(false).finally(() => setBusy(false));
        }}
      >
        Bring it back without its key
      </button>
      <p class="note">Without its key it goes on as a new till, which the office lets in; all its sales stay.</p>
    </section>
  );
}
