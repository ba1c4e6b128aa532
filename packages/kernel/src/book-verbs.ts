/** What opening a book and opening a business day do. */
import type { Json } from '@tallystick/oplog';
import {
  type DayPolicyArgs,
  defaultAheadDays,
  isDay,
  isWithinDays,
  parseBookOpenArgs,
  parseDayPolicyArgs,
  type Role,
} from '@tallystick/sign';
import type { ActCode } from './acts.ts';
import { books, businessDays, dayPolicy, deviceNames, devices, isExactly } from './builtin-tables.ts';
import { adoption, isShapesByName } from './manifest.ts';
import { noteDay } from './overrule.ts';
import { refuse, type View } from './verb.ts';

export interface BookOpenArgs {
  /** The root's public key, 32 bytes as hex. */
  readonly key: string;
  readonly name: string;
  /** Verb versions in force from the start, as `name@version`. */
  readonly verbs: readonly string[];
  /** Tables in force from the start: shapes by name. */
  readonly tables?: Readonly<Record<string, string>>;
  /** The release of the program that opens the book. */
  readonly release?: string;
}

export interface DayArgs {
  /** `YYYY-MM-DD`. */
  readonly day: string;
}

export const bookOpen: ActCode<BookOpenArgs> = {
  wanted: '{ key, name, verbs, tables, release }',
  accepts: (value) => {
    const args = parseBookOpenArgs(value as Json);
    return args.ok && isShapesByName(args.value.tables ?? {});
  },
  plan: (view, op, args) => {
    if (op.seq !== 1 || op.scope !== 'hq' || view.list(books, {}).length > 0) return refuse('kernel/not-genesis');
    const adopted = adoption(view, op, args);
    if ('kind' in adopted) return adopted;
    return [
      books.write({ book: op.hash, name: args.name }),
      deviceNames.write({ name: 'root', device: op.device }),
      devices.write({
        device: op.device,
        key: args.key,
        keyId: op.device,
        name: 'root',
        role: 'owner',
        enrolment: op.hash,
        status: 'active',
        replaces: '',
        untilDay: '',
      }),
      ...adopted,
    ];
  },
};

/**
 * Rules that end with a day read it here, never from a clock. Days go forward; only an owner may correct one that was mistyped. How far a role may run
 * ahead of those whom nothing limits, an owner says; a till, while none has said it, a month.
 */
export const dayOpen: ActCode<DayArgs> = {
  wanted: '{ day: "YYYY-MM-DD" }',
  accepts: (value) => isExactly(value, ['day']) && isDay(value['day']),
  plan: (view, op, { day }) => {
    const { day: before, vouched } = view.get(businessDays, { of: 'book' }) ?? { day: '', vouched: '' };
    const { role } = view.author;
    if (day === before || (day < before && role !== 'owner')) return refuse('kernel/day', { day: before });
    const aheadDays = role === 'owner' ? undefined : aheadDaysOf(view, role);
    if (aheadDays !== undefined) {
      const above = view.hq.get(businessDays, { of: 'book' })?.vouched ?? '';
      const from = vouched > above ? vouched : above;
      if (!isWithinDays(day, from, aheadDays)) return refuse('kernel/day', { day: before, from, aheadDays });
    }
    const row = { of: 'book', day, vouched: aheadDays === undefined ? day : vouched };
    return [...noteDay(view, op, day), businessDays.write(row)];
  },
};

function aheadDaysOf(view: View, role: Role): number | undefined {
  return view.hq.get(dayPolicy, { role })?.aheadDays ?? defaultAheadDays(role);
}

/** Says how far ahead a role opens business days. */
export const policyDay: ActCode<DayPolicyArgs> = {
  wanted: '{ role, aheadDays }',
  accepts: (value) => parseDayPolicyArgs(value as Json).ok,
  plan: (_view, op, args) => (op.scope === 'hq' ? [dayPolicy.write(args)] : refuse('kernel/only-hq')),
};
