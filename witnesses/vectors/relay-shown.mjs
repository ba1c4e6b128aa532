// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Cosignatures" and "Standing", read once more: what a relay answers to those who show it notes.
import { bytes, hex, outcome, refuse, sha256 } from './bytes.mjs';
import { climb, treeHash } from './chain-tree.mjs';
import { openCosignature, openNote, parseCheckpoint, verifyNote } from './chain-note.mjs';
import { HomeRelay } from './relay-epoch.mjs';

const vkeyOf = (name, key) => {
  const encoded = Buffer.concat([Buffer.of(4), bytes(key)]);
  return `${name}+${hex(sha256(`${name}\n`, encoded)).slice(0, 8)}+${encoded.toString('base64')}`;
};

class Witnessed extends HomeRelay {
  /** By scope and device: { size, line }. */
  kept = new Map();
  /** The newest key of a device in each scope where it is active. */
  keysOf(device) {
    const active = this.roster.devices.filter((one) => one.id === device && this.roster.standingOf(one) === 'active');
    return active.map(({ key, keyId, scope }) => {
      const ops = this.log(scope).records.map((frame) => JSON.parse(frame.subarray(96)));
      const later = ops.filter(({ verb }) => verb === 'device.rotate@1').map(({ args }) => args.key);
      return [key, ...later].find((one) => hex(sha256(bytes(one))) === keyId);
    });
  }
  /** Those of active devices, the greatest size first. */
  linesOf(scope) {
    const kept = [...(this.kept.get(scope) ?? [])].map(([device, one]) => ({ device, ...one }));
    return kept.filter(({ device }) => this.keysOf(device).length > 0).sort((one, two) => two.size - one.size);
  }
  checkpoint(scope, size, lines) {
    return this.signed(this.bodyOf(scope, this.log(scope).records.slice(0, size))) + lines.join('');
  }
  cosign(scope, device, note) {
    const opened = this.keysOf(device)
      .map((key) => outcome(() => openCosignature({ vkey: vkeyOf(device, key), note })))
      .find(({ ok }) => ok);
    const { records } = this.log(scope);
    const size = opened?.size ?? 0;
    const body = note.slice(0, note.lastIndexOf('\n\n') + 1);
    if (size === 0 || size > records.length || body !== this.bodyOf(scope, records.slice(0, size)))
      refuse('relay/cosignature');
    const line = note.split('\n').find((each) => each.startsWith(`\u2014 ${device} `));
    const ofScope = this.kept.get(scope) ?? new Map();
    this.kept.set(scope, ofScope);
    if (size > (ofScope.get(device)?.size ?? 0)) ofScope.set(device, { size, line: `${line}\n` });
    const other = this.linesOf(scope).find((one) => one.device !== device);
    return other === undefined ? '' : this.checkpoint(scope, other.size, [other.line]);
  }
  cosigned(scope, count) {
    const lines = this.linesOf(scope);
    for (const size of new Set(lines.map((one) => one.size))) {
      const ofSize = lines.filter((one) => one.size === size).map(({ line }) => line);
      if (ofSize.length >= count) return this.checkpoint(scope, size, ofSize);
    }
    return refuse('relay/not-cosigned');
  }
  /** The note by which the relay signed what is shown, and its origin. */
  promiseIn(shown) {
    const [says, path, ...rest] = shown.split('\n\n');
    if (!says.split('\n')[1]?.startsWith('tallystick-receipt/2'))
      return { note: shown, ...parseCheckpoint(verifyNote({ vkey: this.vkey, note: shown }).body) };
    const note = rest.join('\n\n');
    const [at, ...hashes] = (path ?? '').split('\n');
    const [index, count] = at.split(' ').map(Number);
    const root = climb(index, count, sha256(Buffer.of(0), `${says}\n`), hashes.map(bytes));
    const { body } = verifyNote({ vkey: this.vkey, note });
    const signed = `${this.name}\ntallystick-receipts/2\n${count}\n${root === undefined ? '' : hex(root)}\n`;
    return body === signed ? { note, origin: says.split('\n')[0] } : refuse('relay/standing');
  }
  standing(scope, shown) {
    const promise = outcome(() => this.promiseIn(shown));
    const [, epoch = 0] = /^[^/]+\/[0-9a-f]{64}\.([1-9][0-9]*)\//.exec(promise.origin) ?? [];
    if (!promise.ok || promise.origin !== this.originOf(scope, Number(epoch))) refuse('relay/standing');
    const digest = hex(sha256(openNote({ vkey: this.vkey, note: promise.note }).signature));
    const { records } = this.log(scope);
    const root = treeHash(records).toString('base64');
    return this.signed(`${promise.origin}\ntallystick-standing/1\n${records.length}\n${root}\n${digest}\n`);
  }
  answer({ scope, path, body, bundle }) {
    const [what, device] = path.split('/');
    if (bundle !== undefined) return this.push({ scope, bundle });
    if (what === 'cosignatures') return this.cosign(scope, device, body);
    return what === 'standing' ? this.standing(scope, body) : this.cosigned(scope, Number(path.split('=')[1]));
  }
}
function judgeShown(input) {
  const relay = new Witnessed({ ...input, limits: { maxForks: 256, maxQuarantined: 4_096, maxBatchOps: 1_000 } });
  for (const push of input.pushes) relay.push(push);
  return { text: input.requests.map((request) => relay.answer(request)).at(-1) };
}

export const judges = { 'relay-protocol/shown': (input) => outcome(() => judgeShown(input)) };
