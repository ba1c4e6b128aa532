// `tally devices`, `tally revoke`, `tally policy`: who writes in the book, who may no longer, and who may say so.
import { defaultAheadDays, defaultRevokes, type Role } from '@tallystick/sign';
import { enrolRoles } from '../book.ts';
import { type Command, usage } from '../command.ts';
import { findDevice, listDevices } from '../device-text.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand } from './changing.ts';
import { readingCommand } from './reading.ts';
import { renderTable } from './table.ts';

const shownId = 12;

export const devices: Command = readingCommand({
  name: 'devices',
  summary: 'List the devices of the book: role, state, and how the key of each is backed up.',
  async answer(book) {
    const kinds = book.query<{ device: string; keyId: string; kind: string }>(
      "SELECT device, keyId, kind FROM keyBackups WHERE scope = 'hq' ORDER BY keyId, kind",
    );
    const rows = listDevices(book).map((row) => ({
      ...row,
      self: row.device === book.device,
      backups: kinds
        .filter(({ device, keyId }) => device === row.device && keyId === row.keyId)
        .map(({ kind }) => kind),
    }));
    const nameOf = new Map(rows.map(({ device, name }): [string, string] => [device, name]));
    return {
      status: 0,
      json: { book: book.id, devices: rows },
      lines: renderTable(
        ['Name', 'Role', 'State', 'Key backed up', 'In the place of', 'Until', 'Device'],
        rows.map(({ name, role, status, backups, replaces, untilDay, device, self }) => [
          self ? `${name} (this one)` : name,
          role,
          status,
          backups.length === 0 ? 'no' : backups.join(', '),
          nameOf.get(replaces) ?? '',
          untilDay,
          device.slice(0, shownId),
        ]),
      ),
    };
  },
});

const reasons = ['lost', 'stolen', 'retired', 'cloned', 'left', 'other'] as const;

export const revoke: Command = changingCommand({
  name: 'revoke',
  summary: 'Take a device out of the book: what it did stays, what it does from here on has no effect.',
  operands: 'DEVICE',
  minOperands: 1,
  maxOperands: 1,
  options: { reason: { type: 'string', value: 'WHY', help: `one of ${reasons.join(', ')}` } },
  notes: 'DEVICE is a name, or the first six or more digits of an id (see: tally devices). --reason is needed.',
  async change(book, context) {
    const given = context.text('reason');
    const reason = reasons.find((candidate) => candidate === given);
    if (reason === undefined)
      throw usage(`--reason ${JSON.stringify(given ?? '')} is not one of ${reasons.join(', ')}`, 'revoke');
    const { device, name } = findDevice(book, context.positionals[0] ?? '');
    mustBeCommitted(await book.commit('device.revoke', { device, reason }));
    return { json: { device, name, reason }, lines: [`${name} is revoked: ${reason}`] };
  },
});

const roles: readonly Role[] = [...enrolRoles, 'customer'];

export const policy: Command = changingCommand({
  name: 'policy',
  summary: 'Show which roles may revoke which, and how far ahead they open days, or state it for one role.',
  operands: '[ROLE]',
  minOperands: 0,
  maxOperands: 1,
  options: {
    revokes: { type: 'string', value: 'ROLES', help: 'roles with commas between, or none' },
    ahead: { type: 'string', value: 'DAYS', help: 'till, manager: beyond the last day that nobody limited opened' },
  },
  notes:
    'Without ROLE it shows them; with it --revokes or --ahead is needed: tally policy manager --revokes till,van\nEvery device may revoke itself. The last owner stays.',
  changes: (context) => context.positionals.length > 0,
  async change(book, context) {
    const [given] = context.positionals;
    if (given !== undefined) {
      const role = parseRole(given);
      const [text, ahead] = [context.text('revokes'), context.text('ahead')];
      if (text === undefined && ahead === undefined)
        throw usage('--revokes ROLES or --ahead DAYS is missing', 'policy');
      const aheadDays = ahead === undefined ? undefined : parseAhead(role, ahead);
      const revokes = text === 'none' ? [] : text?.split(',').map(parseRole);
      if (revokes !== undefined) mustBeCommitted(await book.commit('policy.revoke', { role, revokes }));
      if (aheadDays !== undefined) mustBeCommitted(await book.commit('policy.day', { role, aheadDays }));
    } else if (context.text('revokes') !== undefined || context.text('ahead') !== undefined)
      throw usage('ROLE is missing', 'policy');
    const ahead = new Map(
      book
        .query<{ role: string; aheadDays: number }>("SELECT role, aheadDays FROM dayPolicy WHERE scope = 'hq'")
        .map(({ role, aheadDays }) => [role, aheadDays]),
    );
    const stated = new Map(
      book
        .query<{ role: string; revokes: string }>("SELECT role, revokes FROM keyPolicy WHERE scope = 'hq'")
        .map(({ role, revokes }) => [role, revokes.split(' ').filter((name) => name !== '')]),
    );
    const rows = roles.map((role) => ({
      role,
      revokes: stated.get(role) ?? defaultRevokes(role),
      isStated: stated.has(role),
      ...aheadOf(role, ahead.get(role)),
    }));
    return {
      json: { policy: rows },
      lines: renderTable(
        ['Role', 'May revoke', 'Stated in the book', '>Days ahead'],
        rows.map(({ role, revokes, isStated, aheadDays }) => [
          role,
          revokes.join(', ') || 'itself',
          isStated ? 'yes' : 'no, as a rule',
          aheadDays === undefined ? '' : String(aheadDays),
        ]),
      ),
    };
  },
});

function aheadOf(role: Role, stated: number | undefined): { readonly aheadDays?: number } {
  const aheadDays = stated ?? defaultAheadDays(role);
  return aheadDays === undefined ? {} : { aheadDays };
}

function parseAhead(role: Role, text: string): number {
  if ((role !== 'till' && role !== 'manager') || !/^\d{1,4}$/.test(text) || Number(text) > 3650)
    throw usage(`--ahead ${text}: 0 to 3650 days, of tills or managers`, 'policy');
  return Number(text);
}

function parseRole(text: string): Role {
  const role = roles.find((candidate) => candidate === text.trim());
  if (role === undefined) throw usage(`${JSON.stringify(text)} is not one of ${roles.join(', ')}`, 'policy');
  return role;
}
