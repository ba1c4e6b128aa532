// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Gate" and "Claims", read once more: what becomes of the ops of a push, one after another.
import { bytes, hex, outcome } from './bytes.mjs';
import { treeHash } from './chain-tree.mjs';
import { framesOf, parseRecord } from './op.mjs';
import { idOf } from './sign-args.mjs';
import { continues, excessOf, isAhead, isSigned, linkOf, tokenOf } from './relay-run.mjs';
import { confirms, holdsMark, Superseded } from './relay-marks.mjs';
import { Roster } from './sign-roster.mjs';

export class Relay {
  /** By scope: { records, places (by hash: position, device, seq), chains (by device: seq, hash, forks, late), holders (by token) }. */
  logs = new Map();
  roster = new Roster();
  superseded = new Superseded();
  constructor({ book, nowMs, limits }) {
    Object.assign(this, { book, nowMs, limits });
  }
  log(scope) {
    const fresh = { records: [], places: new Map(), chains: new Map(), holders: new Map() };
    return this.logs.get(scope) ?? fresh;
  }
  /** The entry by which a device writes in a scope. */
  entry(device, scope) {
    const found = (at) => this.roster.devices.find((one) => one.id === device && one.scope === at);
    return found(scope) ?? found('hq');
  }
  push({ scope, isClaim = false, bundle }) {
    const { frames, tornAt } = framesOf(bytes(bundle));
    if (frames.length > this.limits.maxBatchOps) return 'relay/too-large';
    if (tornAt !== undefined) return 'relay/torn';
    const opened = frames.map((frame) => outcome(() => parseRecord(frame)));
    const isOpening = scope === 'hq' && opened.some(({ hash }) => hash === this.book);
    if (this.log('hq').records.length === 0 && !isOpening) return 'relay/unknown-book';
    if (this.isRetired) return 'relay/retired';
    const log = this.log(scope);
    const push = { log, from: log.records.length, scope, isClaim, run: [], results: [], hopeless: new Set() };
    opened.forEach((record, index) => this.take(push, record, frames[index], index));
    this.close(push);
    return push.results;
  }
  take(push, record, frame, index) {
    const { run, isClaim, results } = push;
    if (!record.ok) {
      results[index] = { verdict: record.code === 'canonical/too-large' ? 'too-large' : 'not-canonical' };
      return;
    }
    const last = run.at(-1)?.record;
    const isAlone = isClaim && tokenOf(record.op) !== undefined;
    if (!continues(last, record) || isAlone) this.close(push);
    const verdict = this.judge(push, { record, frame, index });
    if (verdict !== undefined) results[index] = verdict;
    if (isAlone) this.close(push);
  }
  /** A verdict, or nothing while the op waits for the signature that ends its run. */
  judge(push, { record, frame, index }) {
    const { log, scope, isClaim, run, hopeless } = push;
    const { op, hash, keyId } = record;
    if (op.scope !== scope || (op.prev === undefined && hash !== this.book)) return { verdict: 'misplaced' };
    const place = log.places.get(hash);
    if (place !== undefined) return { verdict: 'exists', position: place.position, ...this.holder(log, op) };
    const by = op.prev === undefined ? { id: op.device, key: op.args.key, isNew: true } : this.entry(op.device, scope);
    if (by === undefined) return this.lose(push, record, { verdict: 'unknown-device' });
    const chain = log.chains.get(op.device);
    const letsIn = (one) => one.id === op.device && one.enrolment === op.prev && [scope, 'hq'].includes(one.scope);
    const isRooted = op.prev === undefined || this.roster.devices.some(letsIn);
    const link = run[0]?.link ?? linkOf(op, isRooted, chain, log.places);
    if (link === 'gap') {
      const head = { seq: chain?.seq ?? 0, hash: chain?.hash ?? by.enrolment };
      return this.lose(push, record, { verdict: 'gap', head });
    }
    const isLate = by.isNew !== true && this.roster.standingOf(by) !== 'active';
    const isIdle = isLate || this.superseded.has(record, this.entry(op.device, scope));
    if (isClaim && (isIdle || link === 'fork')) return { verdict: link === 'fork' ? 'fork' : 'quarantined' };
    const excess = excessOf({ link, isLate, waiting: run.length, ...chain }, this.limits);
    if (excess !== undefined) return hopeless.add(hash) && { verdict: excess };
    const size = log.records.length + run.length;
    const isHere = (head) => log.places.has(head) || hopeless.has(head) || run.some((one) => one.record.hash === head);
    const { heads = [], size: seenSize = 0, root } = op.seen ?? {};
    const isBeyond = seenSize > size && !this.roster.relays.mayBeEarlier(scope, seenSize);
    if (isBeyond || !heads.every(isHere) || !holdsMark(op, this.log('hq').records, this.roster.relays))
      return { verdict: 'basis' };
    // The key in force depends on the chain alone.
    const inForce = op.seq === 1 ? by.key : (run.at(-1) ?? log.places.get(op.prev)).nextKey;
    if (keyId !== idOf(inForce)) return { verdict: 'bad-signature' };
    const nextKey = op.verb === 'device.rotate@1' ? op.args.key : inForce;
    const warnings = [];
    if (isAhead(op, this.nowMs)) warnings.push('clock-ahead');
    if (root !== undefined && seenSize <= push.from && hex(treeHash(log.records.slice(0, seenSize))) !== root)
      warnings.push('seen-differs');
    run.push({ record, frame, index, link, isNew: by.isNew, warnings, key: inForce, nextKey });
  }
  /** Notes what never gets a place: its chain begins at an op that lets nobody in, or behind one that is as lost. */
  lose({ log, hopeless }, { op, hash }, verdict) {
    const isPlaced = log.places.has(op.prev) || this.log('hq').places.has(op.prev);
    if (hopeless.has(op.prev) || (op.seq === 1 && isPlaced)) hopeless.add(hash);
    return verdict;
  }
  holder(log, op) {
    const holder = log.holders.get(tokenOf(op));
    return holder === undefined ? {} : { holder };
  }
  close({ log, isClaim, run, results, scope }) {
    const ops = run.splice(0);
    const covered = ops.findLastIndex(({ record, key }) => isSigned(record, key, this.book));
    for (const [at, { record, frame, index, link, isNew, warnings, nextKey }] of ops.entries()) {
      const { op, hash } = record;
      // What stands before it in its run may have turned its author out.
      const by = this.entry(op.device, scope);
      const isLate = isNew !== true && this.roster.standingOf(by) !== 'active';
      const isIdle = isLate || this.superseded.has(record, by);
      if (isIdle) warnings.push('quarantined');
      const held = this.holder(log, op);
      if (at > covered) results[index] = { verdict: 'bad-signature' };
      else if (isClaim && held.holder !== undefined) results[index] = { verdict: 'held', ...held };
      if (results[index] !== undefined) continue;
      const position = log.records.push(frame) - 1;
      log.places.set(hash, { position, device: op.device, seq: op.seq, nextKey });
      const chain = log.chains.get(op.device) ?? { seq: 0, hash, forks: 0, late: 0 };
      const head = link === 'fork' ? {} : { seq: op.seq, hash };
      log.chains.set(op.device, {
        ...chain,
        ...head,
        forks: chain.forks + (link === 'fork'),
        late: chain.late + isIdle,
      });
      const token = link === 'fork' || isIdle ? undefined : tokenOf(op);
      if (token !== undefined && !log.holders.has(token)) log.holders.set(token, { hash, device: op.device, position });
      if (link !== 'fork') {
        outcome(() => this.roster.apply(record.text, record.keyId));
        this.superseded.note(record, position, by, !isLate && confirms(op, this.log('hq').records));
      }
      const said = { verdict: link === 'fork' ? 'fork' : 'stored', position, ...this.holder(log, op) };
      results[index] = warnings.length > 0 ? { ...said, warnings } : said;
    }
    if (log.records.length > 0) this.logs.set(scope, log);
  }
}
function judgeGate(input) {
  const relay = new Relay(input);
  const pushes = input.pushes.map((push) => relay.push(push));
  const logs = [...relay.logs].map(([scope, { records }]) => ({
    scope,
    size: records.length,
    root: hex(treeHash(records)),
  }));
  return { pushes, logs };
}

export const judges = { 'relay-protocol/gate': judgeGate };
