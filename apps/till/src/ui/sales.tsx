// The sales of a day, each with how far it has come, and the document behind each.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DaySummary, DocumentRow, Receipt } from '../engine/port.ts';
import { localDay } from '../model/business-day.ts';
import { formatMoney } from '../model/money.ts';
import { dayText, timeText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Coming } from './coming.tsx';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { WithReturnScreens } from './loaded.tsx';
import { ReceiptView } from './receipt.tsx';
import { StageLabel } from './stage.tsx';

/** Documents listed at first, and added at a time. */
const pageRows = 50;
/** From the last key to the search. */
const typingMs = 150;

export function Sales(): VNode {
  const till = useTill();
  const today = till.state.value.today;
  const [day, setDay] = useState<string>();
  const [listed, setListed] = useState<DaySummary>();
  const [most, setMost] = useState(pageRows);
  const [text, setText] = useState('');
  const [found, setFound] = useState<readonly DocumentRow[]>();
  const [opened, setOpened] = useState<Receipt>();
  const { isComing } = till.state.value;
  // Asking for a day brings them at once.
  const shownDay = day ?? today?.day ?? (isComing ? localDay(new Date()) : '');
  const isToday = shownDay === today?.day;

  useEffect(() => {
    if (shownDay === '') return;
    void till.engine.day(shownDay, most).then((answer) => answer.ok && setListed(answer.value));
  }, [shownDay, most, today]);
  useEffect(() => {
    if (text.trim() === '') return setFound(undefined);
    let isAsked = true;
    // A part of a number is looked for in all of them: once somebody stops typing.
    const timer = setTimeout(
      () =>
        void till.engine.findDocuments(text.trim()).then((answer) => isAsked && answer.ok && setFound(answer.value)),
      typingMs,
    );
    return () => {
      isAsked = false;
      clearTimeout(timer);
    };
  }, [text, today]);

  const open = async (id: string): Promise<void> => {
    const answer = await till.engine.receipt(id);
    if (answer.ok) setOpened(answer.value);
    else till.toast.value = { text: refusalText(answer.code, answer.message) };
  };
  const summary = listed?.day === shownDay ? listed : isToday ? today : undefined;
  return (
    <div class="page sales">
      <header class="page-head">
        <h1>Sales</h1>
        <div class="sales-tools">
          <div class="search search-small" role="search">
            <Icon name="search" size={18} />
            <input
              type="search"
              aria-label="Find a document by its number"
              placeholder="Find a number"
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </div>
          <input
            type="date"
            class="day-field"
            aria-label="Day"
            value={shownDay}
            max={today?.day}
            onInput={(event) => {
              setDay(event.currentTarget.value || undefined);
              setMost(pageRows);
            }}
          />
        </div>
      </header>
      {!isComing && summary !== undefined && found === undefined && <DayTotals summary={summary} isToday={isToday} />}
      {isComing ? (
        <Coming />
      ) : (
        <DocumentList
          documents={found ?? summary?.documents ?? []}
          isSearch={found !== undefined}
          onOpen={(id) => void open(id)}
        />
      )}
      {found === undefined && listed?.day === shownDay && listed.hasMore && (
        <button type="button" class="button documents-more" onClick={() => setMost(most + pageRows)}>
          Show older ones
        </button>
      )}
      {opened !== undefined && (
        <DocumentDialog receipt={opened} onChanged={setOpened} onClose={() => setOpened(undefined)} />
      )}
    </div>
  );
}

export function DayTotals({ summary, isToday }: { readonly summary: DaySummary; readonly isToday: boolean }): VNode {
  const { currency } = useShop();
  const { day, taken, saleCount, refundCount, cardMinor } = summary;
  const label = isToday ? 'Today' : dayText(day);
  return (
    <section class="totals" aria-label={label}>
      {taken === undefined ? (
        <p class="totals-main">What was taken is said once the drawer is counted.</p>
      ) : (
        <div class="totals-main">
          <p>{isToday ? 'Taken today' : label}</p>
          <p class="totals-amount">{formatMoney(taken.totalMinor, currency)}</p>
        </div>
      )}
      <dl class="totals-parts">
        <Part name="Sales" value={String(saleCount)} />
        <Part name="Refunds" value={String(refundCount)} />
        {taken !== undefined && <Part name="Cash" value={formatMoney(taken.cashMinor, currency)} />}
        <Part name="Card" value={formatMoney(cardMinor, currency)} />
      </dl>
    </section>
  );
}

function Part({ name, value }: { readonly name: string; readonly value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const kindWords = { sale: '', refund: 'Refund', void: 'Void', exchange: 'Exchange' } as const;
const reversedWords = { no: '', partly: 'Partly refunded', refunded: 'Refunded', voided: 'Voided' } as const;

interface DocumentListProps {
  readonly documents: readonly DocumentRow[];
  readonly isSearch: boolean;
  readonly onOpen?: (id: string) => void;
}

export function DocumentList({ documents, isSearch, onOpen }: DocumentListProps): VNode {
  if (documents.length === 0) return <NoDocuments isSearch={isSearch} />;
  return (
    <ul class="documents">
      {documents.map((document) => (
        <li key={document.id}>
          <button
            type="button"
            class="document"
            data-reversed={document.reversed === 'voided'}
            disabled={onOpen === undefined}
            onClick={() => onOpen?.(document.id)}
          >
            <DocumentCells document={document} isSearch={isSearch} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function DocumentCells({ document, isSearch }: { readonly document: DocumentRow; readonly isSearch: boolean }): VNode {
  const { currency } = useShop();
  const tag = [kindWords[document.kind], reversedWords[document.reversed]].filter((word) => word !== '').join(', ');
  return (
    <>
      <span class="document-time">{isSearch ? document.day : timeText(document.at)}</span>
      <span class="document-number">
        {document.number}
        {tag !== '' && <span class="tag">{tag}</span>}
        {!document.own && <span class="tag">Another till</span>}
      </span>
      <span class="document-items">
        {document.items} {document.items === 1 ? 'item' : 'items'}
      </span>
      <span class="document-stage">
        <StageLabel stage={document.stage} />
      </span>
      <span class="document-total">{formatMoney(document.totalMinor, currency)}</span>
    </>
  );
}

function NoDocuments({ isSearch }: { readonly isSearch: boolean }): VNode {
  return (
    <div class="empty">
      <Icon name="sales" size={40} />
      <h2>{isSearch ? 'No such document' : 'No sales on this day'}</h2>
      <p>
        {isSearch ? 'Check the number on the receipt.' : 'The first one will be listed here the moment it is saved.'}
      </p>
    </div>
  );
}

interface DocumentDialogProps {
  readonly receipt: Receipt;
  readonly onChanged: (receipt: Receipt) => void;
  readonly onClose: () => void;
}

function DocumentDialog({ receipt, onChanged, onClose }: DocumentDialogProps): VNode {
  const [step, setStep] = useState<'view' | 'refund' | 'void' | 'exchange'>('view');
  const back = (): void => setStep('view');
  const done = (changed: Receipt): void => {
    onChanged(changed);
    back();
  };
  if (step !== 'view') {
    return (
      <WithReturnScreens
        show={({ RefundDialog, VoidDialog, ExchangeDialog }) => {
          if (step === 'refund') return <RefundDialog receipt={receipt} onDone={done} onClose={back} />;
          if (step === 'void') return <VoidDialog receipt={receipt} onDone={done} onClose={back} />;
          return <ExchangeDialog receipt={receipt} onClose={back} />;
        }}
      />
    );
  }
  const isSale = receipt.kind === 'sale';
  const isLeft = receipt.reversed === 'no' || receipt.reversed === 'partly';
  return (
    <Dialog title={receipt.number} onClose={onClose}>
      <ReceiptView receipt={receipt}>
        {(isSale || receipt.kind === 'exchange') && isLeft && (
          <>
            <button type="button" class="button" onClick={() => setStep('refund')}>
              <Icon name="refund" size={20} /> Refund
            </button>
            <button type="button" class="button" onClick={() => setStep('exchange')}>
              Exchange
            </button>
          </>
        )}
        {isSale && receipt.reversed === 'no' && (
          <button type="button" class="button button-danger" onClick={() => setStep('void')}>
            Void
          </button>
        )}
      </ReceiptView>
    </Dialog>
  );
}
