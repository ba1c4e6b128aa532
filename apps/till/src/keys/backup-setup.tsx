// How a new key is to be backed up, before it is used: with a passkey, on sheets of paper, with the office, or not now.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { KeysAside, MadeKey } from '../engine/requests.ts';
import { refusalText } from '../model/words.ts';
import { Icon } from '../ui/icons.tsx';
import { Fault } from '../ui/fault.tsx';
import { hasFirstKey, type Made, makeKey } from './backed-up-key.ts';
import { keysAside } from './keys-aside.ts';
import { Sheets } from './sheets.tsx';

export interface BackupSetupProps {
  readonly till: string;
  readonly escrow: readonly string[];
  /** For a till that joins; others keep their key under another name. */
  readonly isFirst: boolean;
  /** With what a log that was put aside says of the key that is here. Left out where a key without a backup would be no gain. */
  readonly onSkip?: (aside: KeysAside | undefined) => void;
  readonly onMade: (key: MadeKey) => void;
}

const plans = [
  { threshold: 2, count: 3 },
  { threshold: 2, count: 2 },
  { threshold: 3, count: 5 },
] as const;

/** A passkey belongs to a name; an address of numbers has none. */
export function isPasskeyPossible(): boolean {
  return 'PublicKeyCredential' in globalThis && !/^[\d.]+$|^\[/.test(location.hostname);
}

export function BackupSetup(props: BackupSetupProps): VNode {
  const { till, escrow, isFirst, onSkip, onMade } = props;
  const hasPasskey = isPasskeyPossible();
  const [usesOffice, setOffice] = useState(escrow.length > 0);
  const [usesPasskey, setPasskey] = useState(hasPasskey && escrow.length === 0);
  const [usesPaper, setPaper] = useState(!hasPasskey && escrow.length === 0);
  const [planIndex, setPlan] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const [made, setMade] = useState<Made>();
  // Undefined until this browser has said so: a key that is here already cannot be made a second time.
  const [isKept, setKept] = useState<boolean | undefined>(isFirst ? undefined : false);
  useEffect(() => {
    if (isFirst) void hasFirstKey().then(setKept, () => setKept(false));
  }, [isFirst]);
  const plan = plans[planIndex] ?? plans[0];
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    const passkey = usesPasskey ? `Tallystick ${till}` : undefined;
    const shares = usesPaper ? plan : undefined;
    const outcome = await makeKey({ passkey, escrow: usesOffice ? escrow : [], shares }, isFirst);
    setBusy(false);
    if (!outcome.ok) setFault(refusalText(outcome.code, outcome.message));
    else if (outcome.value.sheets.length === 0) onMade(outcome.value.key);
    else setMade(outcome.value);
  };
  if (made !== undefined) {
    const title = `The key of ${till}`;
    return <Sheets sheets={made.sheets} threshold={plan.threshold} title={title} onDone={() => onMade(made.key)} />;
  }
  if (isKept === true && onSkip !== undefined) {
    return (
      <div class="stack">
        <p>
          This browser keeps a key from before, and the till goes on with that. You can give it a new one afterwards.
        </p>
        <button type="button" class="button button-primary button-tall" onClick={() => void keysAside().then(onSkip)}>
          Go on with the key that is here
        </button>
      </div>
    );
  }
  return (
    <form class="stack" onSubmit={(event) => void make(event)}>
      <p>
        Everything this till sells is signed by its key. If this browser is wiped or the device breaks, a backup of the
        key lets the till go on where it was.
      </p>
      <fieldset class="ways">
        <legend class="hidden">Ways to back it up</legend>
        {escrow.length > 0 && (
          <Way checked={usesOffice} onChange={setOffice} title="With the office">
            Sealed so that only your organisation can open it. Nothing to write down.
          </Way>
        )}
        {hasPasskey && (
          <Way checked={usesPasskey} onChange={setPasskey} title="With a passkey">
            You bring the key back by face, finger or PIN, on any device that has your passkeys.
          </Way>
        )}
        <Way checked={usesPaper} onChange={setPaper} title="On paper">
          As words on sheets that different people keep.
        </Way>
        {usesPaper && (
          <label class="field">
            <span>Sheets</span>
            <select value={planIndex} onChange={(event) => setPlan(Number(event.currentTarget.value))}>
              {plans.map(({ threshold, count }, index) => (
                <option key={index} value={index}>
                  {count} sheets, {threshold === count ? 'all' : `any ${threshold}`} of them needed
                </option>
              ))}
            </select>
          </label>
        )}
      </fieldset>
      <Fault text={fault} />
      <button
        type="submit"
        class="button button-primary button-tall"
        disabled={isBusy || isKept === undefined || !(usesOffice || usesPasskey || usesPaper)}
      >
        <Icon name="lock" size={20} /> {isBusy ? 'Making the key…' : 'Back it up and go on'}
      </button>
      {onSkip !== undefined && (
        <>
          <button type="button" class="button button-quiet" disabled={isBusy} onClick={() => onSkip(undefined)}>
            Skip for now
          </button>
          <p class="note">Until it is backed up, the till says so: what is wiped before then cannot come back.</p>
        </>
      )}
    </form>
  );
}

interface WayProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly title: string;
  readonly children: string;
}

function Way({ checked, onChange, title, children }: WayProps): VNode {
  return (
    <label class="way">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>
        <strong>{title}</strong>
        <small>{children}</small>
      </span>
    </label>
  );
}
