// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md, "Recovery keys", read once more: acts, their rank, and who may take them back for how long.
import { refuse } from './bytes.mjs';

export class Acts {
  #list = { keys: [], windowDays: 0 };
  /** In order; each { hash, kind, subject, before, rank, windowDays, days }. */
  #acts = [];
  #overruled = new Set();
  /** The rank of whoever on the list opened a day, in order. */
  #days = [];

  #isListed(device) {
    return this.#list.keys.includes(device);
  }
  rankOf(device) {
    return this.#isListed(device) ? this.#list.keys.indexOf(device) : this.#list.keys.length;
  }
  #isAbove(device, act) {
    return this.#isListed(device) && this.rankOf(device) < act.rank;
  }
  #maySet(author, { keys, windowDays }) {
    const rank = this.rankOf(author);
    const keepsThoseAbove = this.#list.keys.slice(0, rank).every((key, i) => key === keys[i]);
    return keepsThoseAbove && (rank === 0 || windowDays === this.#list.windowDays);
  }
  /** Takes note of what an op in `hq` did, once there is a list. */
  note(hash, author, kind, subject, before) {
    if (this.#list.keys.length === 0) return;
    const [rank, days] = [this.rankOf(author), this.#days.length];
    this.#acts.push({ hash, kind, subject, before, rank, days, windowDays: this.#list.windowDays });
  }
  noteDay(author) {
    if (this.#isListed(author)) this.#days.push(this.rankOf(author));
  }
  setList(hash, author, list) {
    if (!this.#maySet(author, list)) refuse('sign/role');
    this.note(hash, author, 'list', '', this.#list);
    this.#list = list;
  }
  isOwnRevocation(hash, device) {
    return this.#acts.some((act) => act.hash === hash && act.kind === 'revoke' && act.subject === device);
  }
  mayRevokeAgain(author, device) {
    const isRevocation = ({ hash, kind, subject }) =>
      kind === 'revoke' && subject === device && !this.#overruled.has(hash);
    const standing = this.#acts.filter(isRevocation);
    return standing.length > 0 && standing.every((act) => this.#isAbove(author, act));
  }
  /** A revocation of the device stands, or its enrolment or a rotation of it does not. */
  keepsOut(device) {
    const isOut = ({ hash, kind, subject }) => subject === device && (kind === 'revoke') !== this.#overruled.has(hash);
    return this.#acts.some(isOut);
  }
  /** The act that is taken back. */
  overrule(hash, author) {
    const act = this.#acts.find((one) => one.hash === hash);
    if (act === undefined || this.#overruled.has(hash)) refuse('sign/act');
    if (!this.#isAbove(author, act)) refuse('sign/role');
    if (act.kind === 'list' && !this.#maySet(author, act.before)) refuse('sign/role');
    const isEntry = act.kind === 'enroll' || act.kind === 'rotate';
    if (isEntry && this.rankOf(act.subject) <= this.rankOf(author)) refuse('sign/role');
    const limit = this.isOwnRevocation(hash, author) ? this.rankOf(author) : act.rank;
    const daysSince = this.#days.slice(act.days).filter((rank) => rank < limit).length;
    if (daysSince > act.windowDays) refuse('sign/act');
    this.#overruled.add(hash);
    if (act.kind === 'list') this.#list = act.before;
    return act;
  }
}
