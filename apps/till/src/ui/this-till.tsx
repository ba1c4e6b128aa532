// What this till is and how it fares: storage, device, book, what is unsent, the last sync, the version.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { BackupKind, TillStatus } from '../engine/port.ts';
import type { FiscalUse } from '../engine/standing.ts';
import { backupRows } from '../model/backup-words.ts';
import { linkWords, refusalText, verbWords } from '../model/words.ts';
import { formatMoney } from '../model/money.ts';
import { dateTimeText } from '../model/time.ts';
import { useShop, useTill } from '../state/context.ts';
import { applyTheme, storedTheme, type Theme, themes } from '../state/theme.ts';
import { AsideCard } from './aside-card.tsx';
import { bytesText, Card, Code, Rows } from './card.tsx';
import { exportToFile } from './export-file.ts';
import { Icon } from './icons.tsx';
import { WithBackupScreens, WithCorrectionScreens } from './loaded.tsx';

/** Corrections listed at first, and added at a time. */
const pageCorrections = 20;

export function ThisTill(): VNode {
  const [most, setMost] = useState(pageCorrections);
  const status = useStatus(most);
  const { count } = useTill().state.value.corrections;
  return (
    <div class="page">
      <header class="page-head">
        <h1>This till</h1>
      </header>
      <div class="cards">
        <ConnectionCard />
        <StorageCard status={status} />
        <AsideCard />
        <IdentityCard status={status} />
        <KeyCard />
        <BackupCard />
        <FiscalCard />
        <AppearanceCard />
      </div>
      {status !== undefined && status.corrections.length > 0 && (
        <WithCorrectionScreens
          show={({ Corrections }) => (
            <Corrections
              corrections={status.corrections}
              count={count}
              onMore={() => setMost(most + pageCorrections)}
            />
          )}
        />
      )}
      {status !== undefined && status.refusals.length > 0 && <Refusals status={status} />}
    </div>
  );
}

function useStatus(most: number): TillStatus | undefined {
  const till = useTill();
  const state = till.state.value;
  const [status, setStatus] = useState<TillStatus>();
  useEffect(() => {
    void till.engine.status(most).then((answer) => answer.ok && setStatus(answer.value));
  }, [state, most]);
  return status;
}

function ConnectionCard(): VNode {
  const till = useTill();
  const { link, unsent, lastSyncAt } = till.state.value;
  const { relay } = useShop();
  return (
    <Card title="Connection">
      <Rows
        rows={[
          ['State', linkWords(link, unsent)],
          ['Not sent yet', relay === undefined ? 'No relay: nothing to send' : String(unsent)],
          ['Last sync', lastSyncAt === undefined ? 'Never' : dateTimeText(lastSyncAt)],
          ['Relay', relay ?? 'None'],
        ]}
      />
      {relay !== undefined && (
        <button type="button" class="button" onClick={() => void till.engine.syncNow()}>
          Sync now
        </button>
      )}
    </Card>
  );
}

function StorageCard({ status }: { readonly status: TillStatus | undefined }): VNode {
  const till = useTill();
  const fault = till.state.value.storageFault;
  const persisted = till.persisted.value;
  const words =
    persisted === undefined
      ? 'Asking the browser'
      : persisted
        ? 'Protected: the browser keeps it'
        : 'Not protected: the browser may clear it when the device is full';
  return (
    <Card title="Storage">
      <Rows
        rows={[
          ['State', fault === undefined ? 'Saving works' : `Cannot save: ${fault}`],
          ['Protection', words],
          ['Log on this device', status === undefined ? '…' : bytesText(status.logBytes)],
        ]}
      />
      <button type="button" class="button" onClick={() => void exportToFile(till)}>
        <Icon name="save" size={20} /> Export everything
      </button>
    </Card>
  );
}

function IdentityCard({ status }: { readonly status: TillStatus | undefined }): VNode {
  const shop = useShop();
  const till = useTill();
  const restart = till.updateReady.value;
  const scopes = (status?.scopes ?? []).map(({ scope, size, pending }) =>
    shop.relay === undefined ? `${scope}: ${pending} entries` : `${scope}: ${size} settled, ${pending} pending`,
  );
  return (
    <Card title={shop.till}>
      <Rows
        rows={[
          ['Shop', shop.name],
          ['Role', status?.role ?? 'Not admitted yet'],
          ['Device', <Code key="device" text={shop.device} />],
          ['Book', <Code key="book" text={shop.book} />],
          ['Log', scopes.join('; ')],
          ['Set aside', String(status?.asides ?? 0)],
          ['Version', __APP_VERSION__],
        ]}
      />
      {restart !== undefined && (
        <button type="button" class="button button-primary" onClick={restart}>
          Restart with the new version
        </button>
      )}
    </Card>
  );
}

const backupWords: Readonly<Record<BackupKind, string>> = {
  passkey: 'with a passkey',
  organisation: 'with the office',
  shares: 'on paper',
  file: 'in a file',
};

/** Not for a till alone: its book is gone with this device, whatever becomes of its key. */
function KeyCard(): VNode | null {
  const till = useTill();
  const { key, isCopied } = till.state.value;
  if (key === undefined) return null;
  const words = key.backups.map((kind) => backupWords[kind]).join(', ');
  return (
    <Card title="Key">
      <Rows rows={[['Backed up', words === '' ? 'No: it cannot come back' : `Yes, ${words}`]]} />
      <button
        type="button"
        class="button"
        disabled={!key.isEnrolled || key.isRevoked || isCopied}
        onClick={() => (till.keyTask.value = 'change')}
      >
        <Icon name="lock" size={20} /> {words === '' ? 'Back it up' : 'Change the key'}
      </button>
    </Card>
  );
}

const fiscalUses: Readonly<Record<FiscalUse, string>> = { sale: 'Sales', refund: 'Refunds' };

/** Where the office leased numbers of more than one series: which of them is for what. */
function FiscalCard(): VNode | null {
  const till = useTill();
  const { fiscal } = till.state.value;
  if (fiscal === undefined) return null;
  const choose = async (use: FiscalUse, series: string): Promise<void> => {
    const chosen = await till.engine.chooseFiscalSeries(use, series);
    if (!chosen.ok) till.toast.value = { text: refusalText(chosen.code, chosen.message) };
  };
  return (
    <Card title="Fiscal numbers">
      <Rows rows={fiscal.series.map(({ name, left }) => [`Series ${name}`, `${left} left`])} />
      {fiscal.series.length > 1 &&
        (['sale', 'refund'] as const).map((use) => (
          <label key={use} class="field">
            <span>{fiscalUses[use]} are numbered in</span>
            <select value={fiscal[use]} onChange={(event) => void choose(use, event.currentTarget.value)}>
              {fiscal.series.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        ))}
    </Card>
  );
}

function BackupCard(): VNode {
  const till = useTill();
  const { backup } = till.state.value;
  const [isOpen, setOpen] = useState(false);
  if (backup === undefined) return <NoBackupCard />;
  const rows = backupRows(backup);
  return (
    <Card title="Backup">
      <Rows rows={rows} />
      <button type="button" class="button" onClick={() => setOpen(true)}>
        <Icon name="save" size={20} /> Back up
      </button>
      {isOpen && <WithBackupScreens show={({ BackUpDialog }) => <BackUpDialog onClose={() => setOpen(false)} />} />}
    </Card>
  );
}

/** A till that is not told so would be taken for one that keeps itself. */
function NoBackupCard(): VNode {
  const { relay } = useShop();
  return (
    <Card title="Backup">
      <p>
        {relay === undefined
          ? 'None is made: this till belongs to no shop, and its book is on this device alone. “Export everything” keeps its entries, not its key.'
          : 'None is made: this browser gives the till no files of its own. What is stored at the relay is safe; “Export everything” keeps the rest.'}
      </p>
    </Card>
  );
}

const themeNames: Readonly<Record<Theme, string>> = { system: 'As the device', light: 'Light', dark: 'Dark' };

function AppearanceCard(): VNode {
  const [theme, setTheme] = useState<Theme>(storedTheme);
  const choose = (next: Theme): void => {
    setTheme(next);
    applyTheme(next);
  };
  return (
    <Card title="Appearance">
      <div class="segments" role="group" aria-label="Appearance">
        {themes.map((name) => (
          <button key={name} type="button" aria-pressed={theme === name} onClick={() => choose(name)}>
            {themeNames[name]}
          </button>
        ))}
      </div>
    </Card>
  );
}

function Refusals({ status }: { readonly status: TillStatus }): VNode {
  const { currency, relay } = useShop();
  return (
    <section class="card" aria-label="Refused entries">
      <h2>Refused entries</h2>
      <p>These are in the log but have no effect.{relay !== undefined && ' The office can see them too.'}</p>
      <ul class="refusals">
        {status.refusals.map(({ verb, number, code, details, at, paidMinor }, index) => (
          <li key={index}>
            <strong>{number === '' ? verbWords(verb) : `${verbWords(verb)} ${number}`}</strong>
            {at !== undefined && `, ${dateTimeText(at)}`}
            {paidMinor !== undefined && `, ${formatMoney(paidMinor, currency)}`}
            <br />
            {refusalText(code, code)} <small>{details === '{}' ? '' : details}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}
