// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Following", read once more: what a reader makes of a page.
import { bytes, hex, outcome, refuse } from './bytes.mjs';
import { climbBoth, treeHash } from './chain-tree.mjs';
import { parseCheckpoint, verifyNote } from './chain-note.mjs';
import { framesOf, parseRecord } from './op.mjs';

function openPage({ scope, book, vkey, answer }, known) {
  const signed = outcome(() => parseCheckpoint(verifyNote({ vkey, note: answer.checkpoint ?? '' }).body));
  const origin = `${vkey.slice(0, vkey.indexOf('+'))}/${book}/${scope}`;
  if (!signed.ok || signed.origin !== origin) refuse('relay/bad-note');
  const { frames, tornAt } = framesOf(bytes(answer.bundle ?? ''));
  const isOfLog = frames.every((frame) => {
    const record = outcome(() => parseRecord(frame));
    return record.ok && record.op.scope === scope;
  });
  if (!isOfLog || tornAt !== undefined || signed.size !== known.length + frames.length) refuse('relay/bad-page');
  return { signed, records: [...known, ...frames] };
}
function judgePage(input) {
  const known = framesOf(bytes(input.known.bundle)).frames;
  const { status, code } = input.answer;
  const standsAt = (records) => ({ size: records.length, root: hex(treeHash(records)) });
  if (code !== undefined) return known.length === 0 ? standsAt([]) : refuse('relay/rolled-back');
  if (status === 204 && known.length === 0) return standsAt([]);
  const { signed, records } = openPage(input, known);
  if (hex(treeHash(records)) === signed.root) return standsAt(records);
  if (known.length === 0) refuse('relay/bad-page');
  if (signed.size === known.length) refuse('relay/inconsistent');
  const first = treeHash(known);
  const roots = climbBoth(known.length, signed.size, first, (input.proof ?? []).map(bytes));
  const goesOn = roots !== undefined && roots[0].equals(first) && hex(roots[1]) === signed.root;
  refuse(goesOn ? 'relay/bad-page' : 'relay/inconsistent');
}

export const judges = { 'relay-protocol/page': (input) => outcome(() => judgePage(input)) };
