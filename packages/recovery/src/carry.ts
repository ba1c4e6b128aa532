// Parts that one place holds, brought to another: a device makes them once, and whoever it can reach gets them when it can.
import { RecoveryError } from './errors.ts';
import type { PartName } from './place.ts';
import { type BackupPlace, parsePartName } from './place.ts';
import { holds, saveVerified } from './verified-save.ts';

/**
 * Saves in `to` every part of `from` that is not there, each read back, and then drops there what `from` has dropped: older parts of the same devices, never an archive, and
 * only for newer ones that `to` has by then. What they hold is not looked at: `from` is a place that belongs to who made them, or `to` drops nothing.
 * Above `checkedUpTo` all that is there of these devices must be theirs: another copy of one gives numbers too. Answers how many were saved.
 * Throws `recovery/place`, `recovery/unverified`, and once the others are saved `recovery/two-series`, with nothing written over and nothing dropped; what was saved until then stays.
 */
export async function carryParts(
  from: BackupPlace,
  to: BackupPlace,
  { checkedUpTo = Number.POSITIVE_INFINITY }: { readonly checkedUpTo?: number } = {},
): Promise<number> {
  const names = (await from.list()).filter((name) => parsePartName(name) !== undefined);
  const there = await to.list();
  const held = new Set(there);
  const others = othersAbove(checkedUpTo, names, there);
  let saved = 0;
  // A whole before what stands on it.
  for (const name of names.sort(byNumber)) {
    const isHeld = held.has(name);
    if (isHeld && (parsePartName(name)?.number ?? 0) <= checkedUpTo) continue;
    const bytes = await from.load(name);
    if (bytes === undefined) continue;
    if (isHeld && !(await holds(to, name, bytes))) others.push(name);
    if (isHeld) continue;
    await saveVerified(to, name, bytes);
    held.add(name);
    saved += 1;
  }
  if (others.length > 0)
    throw new RecoveryError(
      'recovery/two-series',
      `${others[0]} is there, and is another file: this device was copied`,
    );
  // A name that `from` lists and gives nothing for outlives nothing.
  const isOutlived = outlivedBy(names.filter((name) => held.has(name)));
  for (const name of there) if (isOutlived(name)) await to.drop(name);
  return saved;
}

/** Files in `there` of the series of `names` that are none of these, above a number. */
function othersAbove(number: number, names: readonly string[], there: readonly string[]): string[] {
  const [mine, series] = [new Set(names), new Set(names.map(seriesIn))];
  return there.filter(
    (name) => !mine.has(name) && (parsePartName(name)?.number ?? 0) > number && series.has(seriesIn(name)),
  );
}

const byNumber = (a: string, b: string): number =>
  (parsePartName(a)?.number ?? 0) - (parsePartName(b)?.number ?? 0) || (a < b ? -1 : 1);

/** Older than every whole of its device that both have, of which there must be two. */
function outlivedBy(names: readonly string[]): (name: string) => boolean {
  const kept = new Set(names);
  const wholes = new Map<string, number[]>();
  for (const name of names) {
    const part = parsePartName(name);
    if (part?.kind === 'whole') wholes.set(seriesOf(part), [...(wholes.get(seriesOf(part)) ?? []), part.number]);
  }
  return (name) => {
    const part = parsePartName(name);
    if (part === undefined || part.kind === 'log' || kept.has(name)) return false;
    const newer = wholes.get(seriesOf(part)) ?? [];
    return newer.length > 1 && newer.every((number) => number > part.number);
  };
}

function seriesIn(name: string): string | undefined {
  const part = parsePartName(name);
  return part && seriesOf(part);
}

const seriesOf = ({ book, device }: PartName): string => `${book} ${device}`;
