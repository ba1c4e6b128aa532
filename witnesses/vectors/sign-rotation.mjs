// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// docs/spec/sign.md, "Rotation", read once more: which key signs at a place.
import { bytes, hex, outcome, refuse, sha256 } from './bytes.mjs';
import { hashOp, parseOp } from './op.mjs';
import { checkArgs } from './sign-args.mjs';
import { isValid, preimage } from './sign.mjs';

/** One chain from its genesis op on; every signature is checked. */
function judgeRotations({ book, records }) {
  const placed = new Map();
  const rotations = [];
  const judge = ({ prev, verb, args }, hash, keyId, signature) => {
    const before = placed.get(prev);
    const key = prev === undefined ? args.key : before?.next;
    let isGood = prev === undefined || before?.isGood === true;
    if (verb === 'device.rotate@1') {
      const answer = outcome(() => {
        checkArgs('device.rotate@1', args);
        if (hex(sha256(bytes(args.key))) === keyId) refuse('sign/key');
        const message = Buffer.concat([Buffer.from('tallystick/rotate/1\n'), bytes(prev), bytes(args.key)]);
        if (!isValid(bytes(args.key), message, bytes(args.proof))) refuse('sign/proof');
      });
      rotations.push(answer.code ?? 'ok');
      isGood &&= answer.code === undefined;
    }
    isGood &&= hex(sha256(bytes(key))) === keyId && isValid(bytes(key), preimage(book, hash), signature);
    placed.set(hash, { isGood, next: verb === 'device.rotate@1' ? args.key : key });
    return isGood ? 'accepted' : 'waits chain/signature';
  };
  const verdicts = records.map(bytes).map((record) => {
    const text = record.subarray(96).toString();
    return judge(parseOp(text), hashOp(text), hex(record.subarray(0, 32)), record.subarray(32, 96));
  });
  return { verdicts, rotations };
}
export const judges = { 'sign/rotation': judgeRotations };
