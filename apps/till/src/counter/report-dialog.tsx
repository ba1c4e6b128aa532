// The X report of the open drawer, and the Z report of one that was closed, on screen and on paper.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CashMoveKind, DrawerReport } from '../engine/port.ts';
import { formatMoney } from '../model/money.ts';
import { reportRows } from '../model/report-rows.ts';
import { dayText, timeText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import { Coming } from '../ui/coming.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { PaperActions } from '../ui/paper-actions.tsx';
import { Fault } from '../ui/fault.tsx';

export interface ReportDialogProps {
  /** The newest of this till where it is left out. */
  readonly session?: string | undefined;
  readonly onClose: () => void;
}

export function ReportDialog({ session, onClose }: ReportDialogProps): VNode {
  const till = useTill();
  const [report, setReport] = useState<DrawerReport>();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    void till.engine.drawerReport(session).then((read) => {
      if (!read.ok) setFault(refusalText(read.code, read.message));
      else if (read.value === undefined) setFault('This till has not opened its drawer yet.');
      else setReport(read.value);
    });
  }, []);
  return (
    <Dialog title={report === undefined ? 'Report' : `${report.kind} report`} onClose={onClose}>
      <div class="receipt-view">
        <Fault text={fault} />
        {report === undefined && <Coming />}
        {report !== undefined && <ReportPaper report={report} />}
        <PaperActions isEmpty={report === undefined} onDone={onClose} />
      </div>
    </Dialog>
  );
}

const moveNames: Readonly<Record<CashMoveKind, string>> = { in: 'Paid in', out: 'Paid out', safe: 'To the safe' };

function ReportPaper({ report }: { readonly report: DrawerReport }): VNode {
  const shop = useShop();
  const money = (amountMinor: number): string => formatMoney(amountMinor, report.currency);
  return (
    <article class="receipt" aria-label={`${report.kind} report ${report.number}`.trimEnd()}>
      <header class="receipt-head">
        <h3>{shop.name}</h3>
        <p>{report.kind} report</p>
        {report.number !== '' && <p class="receipt-number">{report.number}</p>}
        <p>{dayText(report.closedDay === '' ? report.openedDay : report.closedDay)}</p>
        <p>{shop.till}</p>
      </header>
      {report.moves.length > 0 && (
        <table class="receipt-lines">
          <thead class="hidden">
            <tr>
              <th scope="col">Cash moved</th>
              <th scope="col">Amount</th>
            </tr>
          </thead>
          <tbody>
            {report.moves.map((move) => (
              <tr key={move.id}>
                <td>
                  {moveNames[move.kind]}
                  <small>
                    {timeText(move.at)}, {move.reason}
                  </small>
                </td>
                <td>{money(move.amountMinor)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <dl class="receipt-sums">
        {reportRows(report).map(({ name, amountMinor, isFirst, isTotal }) => (
          <div key={name} class={isTotal === true ? 'receipt-total' : isFirst === true ? 'receipt-rule' : ''}>
            <dt>{name}</dt>
            <dd>{amountMinor !== undefined && money(amountMinor)}</dd>
          </div>
        ))}
      </dl>
      {report.kind === 'X' && (
        <footer class="receipt-foot">
          <p>What was taken is said once the drawer is counted.</p>
        </footer>
      )}
    </article>
  );
}
