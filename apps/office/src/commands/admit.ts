// `tally admit`: a device of a branch writes in another scope from here on, such as `claims`. `tally adopt`: what a new release brings is in force.
import { parseScope } from '@tallystick/oplog';
import { type EnrolRole, enrolRoles, type ShopBook } from '../book.ts';
import { type Command, usage } from '../command.ts';
import { OfficeError } from '../errors.ts';
import { mustBeCommitted } from '../refusal-words.ts';
import { changingCommand } from './changing.ts';

const shortestId = 6;

interface BranchDevice {
  readonly scope: string;
  readonly device: string;
  readonly key: string;
  readonly keyId: string;
  readonly name: string;
  readonly role: string;
  readonly enrolment: string;
  readonly [column: string]: string;
}

export const admit: Command = changingCommand({
  name: 'admit',
  summary: 'Let a device that a branch enrolled write in another scope, such as claims.',
  operands: 'DEVICE',
  minOperands: 1,
  maxOperands: 1,
  options: {
    scope: { type: 'string', value: 'SCOPE', help: 'where it is to write (default claims)' },
    role: { type: 'string', value: 'ROLE', help: 'its role there (default: the one that it has)' },
    name: { type: 'string', value: 'NAME', help: 'its name there (default: the one that it has)' },
  },
  notes: `DEVICE is a name, or the first six or more digits of an id. A device of hq writes everywhere and needs none of this.
A device that goes on under a later key hands over its admission itself: tally do device.admit takes it.`,
  async change(book, context) {
    const given = context.text('scope') ?? 'claims';
    const scope = parseScope(given);
    if (scope === undefined || scope === 'hq')
      throw usage(`--scope ${JSON.stringify(given)} is no scope of a branch`, 'admit');
    const { device, key, enrolment, ...row } = branchDevice(book, context.positionals[0] ?? '', scope);
    const role = parseRole(context.text('role') ?? row.role);
    const name = context.text('name') ?? row.name;
    const args = { device, key, enrolment, role, name };
    const [commit] = await book.commitAll([{ verb: 'device.admit', args, scope }]);
    mustBeCommitted(commit);
    return { json: { device, scope, role, name }, lines: [`${name} writes in ${scope} as ${role}`] };
  },
});

/** The row of the scope that enrolled it; what its key says of it is signed there. */
function branchDevice(book: ShopBook, text: string, scope: string): BranchDevice {
  const isId = /^[0-9a-f]+$/.test(text) && text.length >= shortestId;
  const rows = book.query<BranchDevice>(
    "SELECT scope, device, key, keyId, name, role, enrolment FROM devices WHERE scope NOT IN ('hq', ?) AND status = 'active'",
    [scope],
  );
  const found = rows.filter(({ name, device }) => name === text || (isId && device.startsWith(text)));
  const [row, other] = found;
  if (row === undefined) throw new OfficeError('office/device', `${JSON.stringify(text)} is no device of a branch`);
  if (found.some(({ device }) => device !== row.device) || other?.enrolment === row.enrolment)
    throw new OfficeError('office/device', `${JSON.stringify(text)} is several devices: use the id`);
  if (row.keyId !== row.device)
    throw new OfficeError(
      'office/device',
      `${row.name} goes on under a later key: it has to hand over its admission itself`,
    );
  return row;
}

function parseRole(text: string): EnrolRole {
  const role = enrolRoles.find((candidate) => candidate === text);
  if (role === undefined) throw usage(`--role ${JSON.stringify(text)} is not one of ${enrolRoles.join(', ')}`, 'admit');
  return role;
}

export const adopt: Command = changingCommand({
  name: 'adopt',
  summary: 'Put in force what this release declares and the book has not yet: verb versions and tables.',
  operands: '',
  minOperands: 0,
  maxOperands: 0,
  notes: 'A device whose program lacks what is adopted stops there until it is upgraded: upgrade all of them first.',
  async change(book) {
    const before = verbsOf(book);
    const commit = await book.adopt();
    if (commit === undefined)
      return { json: { adopted: [] }, lines: ['The book has everything that this release declares.'] };
    mustBeCommitted(commit);
    const adopted = [...verbsOf(book)].filter((verb) => !before.has(verb)).sort();
    return { json: { adopted }, lines: [`${adopted.length} verb versions adopted`, ...adopted] };
  },
});

function verbsOf(book: ShopBook): ReadonlySet<string> {
  return new Set(book.query<{ verb: string }>("SELECT verb FROM manifest WHERE scope = 'hq'").map(({ verb }) => verb));
}
