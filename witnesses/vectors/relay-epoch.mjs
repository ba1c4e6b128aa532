// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/relay.md, "Epochs", read once more: in which epoch a relay signs, when it gives no positions any more, and what it signs of its logs.
import { sign } from 'node:crypto';
import { bytes, hex, privateKeyOf, rawPublicOf, sha256 } from './bytes.mjs';
import { treeHash } from './chain-tree.mjs';
import { Relay } from './relay-gate.mjs';

export class HomeRelay extends Relay {
  constructor(input) {
    super(input);
    const { name, relaySeed } = input;
    this.key = privateKeyOf(bytes(relaySeed));
    const encoded = Buffer.concat([Buffer.of(1), rawPublicOf(this.key)]);
    this.keyId = sha256(`${name}\n`, encoded).subarray(0, 4);
    this.name = name;
    this.vkey = `${name}+${hex(this.keyId)}+${encoded.toString('base64')}`;
  }
  get tenure() {
    return this.roster.relays.tenureOf(this.vkey);
  }
  get isRetired() {
    return this.tenure.isRetired;
  }
  originOf(scope, epoch = this.tenure.epoch) {
    return `${this.name}/${this.book}${epoch === 0 ? '' : `.${epoch}`}/${scope}`;
  }
  signed(body) {
    const signature = sign(null, Buffer.from(body), this.key);
    return `${body}\n\u2014 ${this.name} ${Buffer.concat([this.keyId, signature]).toString('base64')}\n`;
  }
  /** What a checkpoint of these records says. */
  bodyOf(scope, records) {
    return `${this.originOf(scope)}\n${records.length}\n${treeHash(records).toString('base64')}\n`;
  }
}
function judgeEpoch(input) {
  const relay = new HomeRelay(input);
  const pushes = input.pushes.map((push) => relay.push(push));
  const { epoch, hash } = relay.tenure;
  const appointed = relay.log('hq').places.get(hash)?.position;
  const checkpoints = [...relay.logs].sort(([one], [two]) => (one < two ? -1 : 1));
  const stands = { epoch, ...(appointed === undefined ? {} : { appointed }) };
  return {
    pushes,
    ...stands,
    checkpoints: checkpoints.map(([scope, { records }]) => ({
      scope,
      note: relay.signed(relay.bodyOf(scope, records)),
    })),
  };
}

export const judges = { 'relay-protocol/epoch': judgeEpoch };
