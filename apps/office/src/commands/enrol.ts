// `tally enrol`: on a new device it prints the text of its key; at the office it takes such a text and lets the device in.
import { existsSync } from 'node:fs';
import encodeQr from 'qr';
import { deviceKey, type EnrolRole, enrolDevice, enrolRoles, openOffice } from '../book.ts';
import { type Command, type CommandContext, dataOption, usage } from '../command.ts';
import { encodeDeviceText, findDevice, parseDeviceText } from '../device-text.ts';
import { type Home, homeAt, readSettings, takeHome } from '../home.ts';
import { openRelay } from '../relay.ts';
import { requireData } from './init.ts';

export const enrol: Command = {
  name: 'enrol',
  summary: "Print a new device's key text, or enrol a device by the text it printed.",
  operands: '[KEY-TEXT]',
  minOperands: 0,
  maxOperands: 1,
  options: {
    data: dataOption,
    name: { type: 'string', value: 'NAME', help: 'name of the device, at the office' },
    role: { type: 'string', value: 'ROLE', help: `one of ${enrolRoles.join(', ')} (default till)` },
    replaces: {
      type: 'string',
      value: 'DEVICE',
      help: 'the device whose place it takes and whose waiting work it may adopt',
    },
    until: { type: 'string', value: 'DAY', help: 'its last business day, YYYY-MM-DD' },
    qr: { type: 'boolean', help: 'on the new device: show the key text as a QR code too' },
  },
  notes:
    'On the new device:  tally enrol --data DIR\nAt the office:      tally enrol KEY-TEXT --data DIR --name "Till 3"\nThen on the device: tally sync --data DIR --relay URL --book ID',
  async run(context) {
    const home = homeAt(requireData(context.text('data'), 'enrol', context.path));
    const lock = takeHome(home);
    try {
      const [text] = context.positionals;
      return text === undefined ? await printKey(context, home) : await enrolKey(context, home, text);
    } finally {
      lock.release();
    }
  },
};

async function printKey(context: CommandContext, home: Home): Promise<number> {
  if (existsSync(home.officeFile))
    throw usage('KEY-TEXT is missing: this is an office, and it enrols other devices', 'enrol');
  const key = await deviceKey(home.deviceFile);
  const text = encodeDeviceText(key.publicKey);
  if (context.flag('qr') && !context.json) context.print(encodeQr(text, 'term', { border: 2 }).trimEnd());
  context.print(context.json ? JSON.stringify({ device: key.device, key: text }) : text);
  return 0;
}

async function enrolKey(context: CommandContext, home: Home, text: string): Promise<number> {
  const { device, publicKey } = parseDeviceText(text);
  const name = context.text('name')?.trim() ?? '';
  if (name === '' || name.length > 60) throw usage('--name NAME is missing or longer than 60 characters', 'enrol');
  const role = parseRole(context.text('role') ?? 'till');
  const office = await openOffice(home);
  try {
    const replaces = context.text('replaces');
    await enrolDevice(office, { device, publicKey }, name, role, {
      ...(replaces === undefined ? {} : { replaces: findDevice(office, replaces).device }),
      ...(context.text('until') === undefined ? {} : { untilDay: context.text('until') }),
    });
    const relay = await openRelay(home, readSettings(home)?.relay ?? { kind: 'none' });
    try {
      if (relay !== undefined) await office.sync(relay.client);
    } finally {
      await relay?.close();
    }
    const result = { book: office.id, device, name, role };
    context.print(context.json ? JSON.stringify(result) : `${name} is enrolled as ${role}\nbook ${office.id}`);
    return 0;
  } finally {
    await office.close();
  }
}

function parseRole(text: string): EnrolRole {
  const role = enrolRoles.find((candidate) => candidate === text);
  if (role === undefined) throw usage(`--role ${JSON.stringify(text)} is not one of ${enrolRoles.join(', ')}`, 'enrol');
  return role;
}
