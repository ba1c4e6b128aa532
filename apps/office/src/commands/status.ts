// `tally status`: how the book of a directory stands, and what its relay was convicted of, with the proofs to hand on.
import type { BookStatus, RelayFinding } from '@tallystick/kernel';
import { type DeviceRoom, deviceRoomList } from '@tallystick/ledger';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { opsOf } from '@tallystick/recovery';
import { backupStanding, standingLines } from '../backup-settings.ts';
import type { ShopBook } from '../book.ts';
import { drillLines, drillStanding, readDrillPlan } from '../drill-plan.ts';
import { grouped } from '../progress.ts';
import { findingWords, otherViewWords } from '../relay-words.ts';
import { readingCommand } from './reading.ts';
import { renderTable } from './table.ts';
import type { Command } from '../command.ts';

export const status: Command = readingCommand({
  name: 'status',
  summary: 'How the book stands: this device, its logs, what stops them, and what the relay was convicted of.',
  options: { proofs: { type: 'string', value: 'DIR', help: 'write each proof against the relay into a file there' } },
  notes: 'The exit status is 1 where something is wrong. `tally verify-proof FILE` checks a proof anywhere.',
  async answer(book, context, home) {
    const {
      device,
      deviceName = '',
      role = '',
      relayKey = '',
      relayEpoch,
      anchored,
      scopes,
      relayFindings,
      otherViews,
      disagreements,
    } = book.status();
    const folder = context.text('proofs');
    const files = folder === undefined ? [] : writeProofs(context.path(folder), relayFindings);
    const findings = relayFindings.map((finding) => ({ ...finding, words: findingWords(finding) }));
    const rooms = roomsAtWork(book);
    const backups = backupStanding(home, opsOf(book));
    const [plan, nowMs] = [readDrillPlan(home), Date.now()];
    const drill = plan && drillStanding(plan, nowMs);
    const isWell =
      findings.length + otherViews.length + disagreements.length === 0 &&
      backups?.isMissed !== true &&
      (backups?.copied ?? []).length === 0 &&
      drill?.isOverdue !== true &&
      drill?.isMissing !== true &&
      scopes.every(({ stop, forked }) => !stop && !forked);
    return {
      status: isWell ? 0 : 1,
      json: {
        book: book.id,
        device,
        deviceName,
        role,
        relayKey,
        relayEpoch,
        anchored,
        scopes,
        findings,
        otherViews,
        disagreements,
        backups,
        drill,
        rooms,
        files,
      },
      lines: [
        `book ${book.id}`,
        `this device: ${deviceName === '' ? device : `${deviceName} (${device.slice(0, 12)})`}, ${role === '' ? 'not enrolled yet' : role}`,
        `relay: ${relayKey === '' ? 'none so far' : relayKey}${relayEpoch === 0 ? '' : `, epoch ${relayEpoch}`}`,
        ...renderTable(['Log', 'Settled', 'Pending', 'Waiting', ''], scopes.map(cellsOf)),
        ...standingLines(backups),
        ...drillLines(plan, nowMs),
        ...findings.map(({ words, at }) => `RELAY CONVICTED: ${words} (found ${new Date(at).toISOString()})`),
        ...otherViews.map((view) => `ANOTHER LOG WAS SEEN: ${otherViewWords(view)}`),
        ...disagreements.map(({ scope, size, about }) => `DEVICES DISAGREE about ${scope} at ${size}: ${about}`),
        ...rooms.map((room) => roomLine(room, nameOf(book, room.device))),
        ...files.map((file) => `written: ${file}`),
      ],
    };
  },
});

/** Nothing is wrong yet: there is time to close a period, from which the count begins anew, or to go on as a new device. */
function roomLine({ scope, currency, percent }: DeviceRoom, name: string): string {
  return `${name} has moved ${percent} % of what one device may in ${currency} in ${scope}: from 100 % on its sales are refused, so close a month that is over before (tally period close), or let it renew (tally renew)`;
}

/** Of devices that are neither revoked nor replaced: of the others there is nothing left to renew. */
export function roomsAtWork(book: Pick<ShopBook, 'query'>): readonly DeviceRoom[] {
  const gone = `SELECT 1 FROM devices WHERE device = ? AND status <> 'active'
    UNION ALL SELECT 1 FROM devices WHERE replaces = ?
    UNION ALL SELECT 1 FROM revocations WHERE device = ? AND status = 'revoked' LIMIT 1`;
  return deviceRoomList(book).filter(({ device }) => book.query(gone, [device, device, device]).length === 0);
}

function nameOf(book: ShopBook, device: string): string {
  return book.query<{ name: string }>('SELECT name FROM devices WHERE device = ? LIMIT 1', [device])[0]?.name ?? device;
}

function cellsOf({ scope, settled, pending, waiting, stop, forked }: BookStatus['scopes'][number]): string[] {
  const words = [stop === undefined ? '' : `stopped: ${stop.code}`, forked ? 'this device was copied' : ''];
  return [scope, grouped(settled), grouped(pending), grouped(waiting), words.filter((word) => word !== '').join(', ')];
}

function writeProofs(folder: string, findings: readonly RelayFinding[]): string[] {
  mkdirSync(folder, { recursive: true });
  return findings.map(({ kind, scope, proof }) => {
    const file = join(folder, `relay-${kind}-${scope.replaceAll('/', '-')}.json`);
    writeFileSync(file, proof);
    return file;
  });
}
