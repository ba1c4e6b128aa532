// Cash into the drawer or out of it without a sale: how much, what for, and why.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CashMoveKind, DrawerReport } from '../engine/port.ts';
import { currencyDigits, formatMoney, parseDecimal } from '../model/money.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Keypad, NumberField } from '../ui/keypad.tsx';
import { Fault } from '../ui/fault.tsx';

const titles: Readonly<Record<CashMoveKind, string>> = { in: 'Pay in', out: 'Pay out', safe: 'To the safe' };
const saidBefore: Readonly<Record<CashMoveKind, string>> = {
  in: 'Paid in',
  out: 'Paid out',
  safe: 'Taken to the safe',
};
const longestReason = 200;

export interface CashMoveDialogProps {
  readonly kind: CashMoveKind;
  readonly session: string;
  readonly onClose: () => void;
}

export function CashMoveDialog({ kind, session, onClose }: CashMoveDialogProps): VNode {
  const till = useTill();
  const { currency } = useShop();
  const digits = currencyDigits(currency);
  const [report, setReport] = useState<DrawerReport>();
  const [text, setText] = useState('');
  const [account, setAccount] = useState('');
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    void till.engine.drawerReport(session).then((read) => {
      if (read.ok) setReport(read.value);
      else setFault(refusalText(read.code, read.message));
    });
  }, []);
  const amountMinor = parseDecimal(text, digits);
  const isReady = report !== undefined && reason.trim() !== '' && (kind === 'safe' || account !== '');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (amountMinor === undefined || amountMinor <= 0 || !isReady || isBusy) return;
    setBusy(true);
    // The same again finds what was written, unless there was one alike before this was opened.
    const after = report.moves.at(-1)?.id ?? '';
    const move = { kind, session, amountMinor, account, reason: reason.trim(), after };
    const moved = await till.engine.moveCash(move);
    setBusy(false);
    if (!moved.ok) return setFault(refusalText(moved.code, moved.message));
    till.toast.value = { text: `${saidBefore[kind]}: ${formatMoney(amountMinor, currency)}` };
    onClose();
  };
  return (
    <Dialog title={titles[kind]} isBusy={isBusy} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <NumberField label="Amount" value={text} onInput={setText} scale={digits} />
        <Keypad value={text} onInput={setText} scale={digits} />
        {kind !== 'safe' && <AccountField kind={kind} report={report} chosen={account} onChoose={setAccount} />}
        <label class="field">
          <span>Why</span>
          <input
            value={reason}
            maxLength={longestReason}
            autocomplete="off"
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <Fault text={fault} />
        <button
          type="submit"
          class="button button-primary button-tall"
          disabled={amountMinor === undefined || amountMinor <= 0 || !isReady || isBusy}
        >
          {titles[kind]}
        </button>
      </form>
    </Dialog>
  );
}

interface AccountFieldProps {
  readonly kind: CashMoveKind;
  readonly report: DrawerReport | undefined;
  readonly chosen: string;
  readonly onChoose: (account: string) => void;
}

function AccountField({ kind, report, chosen, onChoose }: AccountFieldProps): VNode {
  return (
    <label class="field">
      <span>{kind === 'in' ? 'Where it comes from' : 'What it is for'}</span>
      <select value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">Choose</option>
        {report?.accounts.map(({ account, name }) => (
          <option key={account} value={account}>
            {account} {name}
          </option>
        ))}
      </select>
    </label>
  );
}
