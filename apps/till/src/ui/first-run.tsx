// The first minute: join a shop by its invitation, or try the till on this device alone.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { linkKindOf, parseInvitation } from '../model/invitation.ts';
import { refusalText } from '../model/words.ts';
import { useTill } from '../state/context.ts';
import type { KeysAside, MadeKey } from '../engine/requests.ts';
import { Icon, Mark } from './icons.tsx';
import { WithKeyScreens } from './loaded.tsx';
import { Fault } from './fault.tsx';

const currencies = ['EUR', 'GBP', 'USD', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'CAD', 'AUD', 'JPY'];

export function FirstRun({ pasted }: { readonly pasted: string | undefined }): VNode {
  const isReturning = linkKindOf(pasted ?? '') === 'restore';
  const [mode, setMode] = useState<'join' | 'restore' | 'alone'>(isReturning ? 'restore' : 'join');
  return (
    <main class="welcome">
      <section class="welcome-brand">
        <p class="welcome-name">
          <Mark size={36} /> Tallystick
        </p>
        <h1>A till that keeps its own books.</h1>
        <ul class="welcome-points">
          <li>Every sale is signed and on this device before the screen says saved.</li>
          <li>It sells with the network off, and catches up by itself.</li>
          <li>Nothing is ever overwritten. Refunds and voids stand beside the sale.</li>
        </ul>
      </section>
      <section class="welcome-form" aria-label="Set up this till">
        <div class="segments" role="group" aria-label="How to start">
          <button type="button" aria-pressed={mode === 'join'} onClick={() => setMode('join')}>
            Join a shop
          </button>
          <button type="button" aria-pressed={mode === 'restore'} onClick={() => setMode('restore')}>
            Bring one back
          </button>
          <button type="button" aria-pressed={mode === 'alone'} onClick={() => setMode('alone')}>
            Try it alone
          </button>
        </div>
        {mode === 'join' && <JoinForm pasted={isReturning ? '' : (pasted ?? '')} />}
        {mode === 'restore' && (
          <WithKeyScreens show={({ RestoreTill }) => <RestoreTill pasted={isReturning ? (pasted ?? '') : ''} />} />
        )}
        {mode === 'alone' && <AloneForm />}
      </section>
    </main>
  );
}

function JoinForm({ pasted }: { readonly pasted: string }): VNode {
  const till = useTill();
  const [text, setText] = useState(pasted);
  const [name, setName] = useState('till-1');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const [isBackingUp, setBackingUp] = useState(false);
  // Made once, however often the office has to be asked.
  const [made, setMade] = useState<MadeKey>();
  const invitation = parseInvitation(text);
  const join = async (key: MadeKey | undefined, aside?: KeysAside): Promise<void> => {
    if (!invitation.ok) return;
    setMade(key);
    setBackingUp(false);
    setBusy(true);
    setFault(undefined);
    const joined = await till.engine.join({ ...invitation.value, till: name, key, aside });
    setBusy(false);
    if (!joined.ok) setFault(refusalText(joined.code, joined.message));
    else if (till.state.value.key?.isSealedElsewhere === true) till.keyTask.value = 'change';
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isBusy) return;
    if (!invitation.ok) return setFault(refusalText(invitation.code, invitation.code));
    setFault(undefined);
    if (made === undefined) setBackingUp(true);
    else void join(made);
  };
  if (isBackingUp && invitation.ok) {
    const { escrow } = invitation.value;
    return (
      <div class="stack">
        <h2>Back up this till’s key</h2>
        <WithKeyScreens
          show={({ BackupSetup }) => (
            <BackupSetup
              till={name}
              escrow={escrow}
              isFirst
              onSkip={(aside) => void join(undefined, aside)}
              onMade={(key) => void join(key)}
            />
          )}
        />
      </div>
    );
  }
  return (
    <form class="stack" onSubmit={submit}>
      <h2>Join a shop</h2>
      <p>The office gives out one invitation for each till. Open its link here, or paste it.</p>
      <label class="field">
        <span>Invitation</span>
        <textarea
          rows={4}
          autocomplete="off"
          spellcheck={false}
          placeholder="https://…#join=…"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setFault(undefined);
          }}
        />
      </label>
      {invitation.ok && (
        <p class="welcome-office">
          <Icon name="check" size={18} /> Invitation from {new URL(invitation.value.office).host}
        </p>
      )}
      <TillName value={name} onInput={setName} />
      <Fault text={fault} />
      <button type="submit" class="button button-primary button-tall" disabled={isBusy || name === ''}>
        {isBusy ? 'Joining…' : 'Join the shop'}
      </button>
    </form>
  );
}

function AloneForm(): VNode {
  const till = useTill();
  const [shop, setShop] = useState('Corner Café');
  const [currency, setCurrency] = useState(() => guessCurrency());
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const open = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    const opened = await till.engine.openAlone({ shop, till: 'till-1', currency });
    setBusy(false);
    if (!opened.ok) setFault(refusalText(opened.code, opened.message));
  };
  return (
    <form class="stack" onSubmit={(event) => void open(event)}>
      <h2>Try it alone</h2>
      <p>Opens a new book on this device with a small demonstration range. Nothing leaves the device.</p>
      <label class="field">
        <span>Shop</span>
        <input value={shop} required maxLength={60} onInput={(event) => setShop(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>Currency</span>
        <select value={currency} onChange={(event) => setCurrency(event.currentTarget.value)}>
          {currencies.map((code) => (
            <option key={code} value={code}>
              {code}
            </option>
          ))}
        </select>
      </label>
      <Fault text={fault} />
      <button type="submit" class="button button-primary button-tall" disabled={isBusy || shop === ''}>
        {isBusy ? 'Opening…' : 'Open the till'}
      </button>
    </form>
  );
}

function TillName({ value, onInput }: { readonly value: string; readonly onInput: (value: string) => void }): VNode {
  return (
    <label class="field">
      <span>Name of this till</span>
      <input
        value={value}
        required
        maxLength={32}
        autocomplete="off"
        aria-describedby="till-name-hint"
        onInput={(event) => onInput(event.currentTarget.value.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-'))}
      />
      <small id="till-name-hint">
        It stands in every receipt number, such as INV/{value || 'till-1'}/2026-11-21/17.
      </small>
    </label>
  );
}

/** The currency of the reader's region where it is one we offer. A guess for a demonstration, changed with one tap. */
function guessCurrency(): string {
  const region = new Intl.Locale(navigator.language).maximize().region ?? '';
  const byRegion: Readonly<Record<string, string>> = {
    GB: 'GBP',
    US: 'USD',
    CH: 'CHF',
    SE: 'SEK',
    NO: 'NOK',
    DK: 'DKK',
    PL: 'PLN',
    CZ: 'CZK',
    CA: 'CAD',
    AU: 'AUD',
    JP: 'JPY',
  };
  return byRegion[region] ?? 'EUR';
}
