// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md, "Revocation", read once more: business days, and who opens them how far ahead.
import { refuse } from './bytes.mjs';

const daysBetween = (from, to) => (Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / 86_400_000;

export class Days {
  #open = {};
  #vouched = {};
  #aheadDays = { till: 31 };

  isOver(untilDay, scope) {
    return untilDay !== undefined && [this.#open[scope], this.#open.hq].some((day) => day > untilDay);
  }
  open(day, scope, role) {
    const before = this.#open[scope] ?? '';
    if (!['owner', 'manager', 'till'].includes(role) || day === before) refuse('sign/role');
    if (day < before && role !== 'owner') refuse('sign/role');
    const ahead = this.#aheadDays[role];
    const from = [this.#vouched[scope] ?? '', this.#vouched.hq ?? ''].sort()[1];
    if (ahead !== undefined && (from === '' || daysBetween(from, day) > ahead)) refuse('sign/role');
    if (ahead === undefined) this.#vouched[scope] = day;
    this.#open[scope] = day;
  }
  limit({ role, aheadDays }, scope, by) {
    if (scope !== 'hq') refuse('sign/scope');
    if (by !== 'owner') refuse('sign/role');
    this.#aheadDays[role] = aheadDays;
  }
}
