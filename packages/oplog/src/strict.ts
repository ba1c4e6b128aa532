// @tallystick/oplog/strict: what others wrote, read strictly: every rule of the text, the op and the record is checked. Spec: docs/spec/op.md.
export { type DecodedRecord, decodeRecord } from './decoded-record.ts';
export { parseCanonical } from './parsed-canonical.ts';
export { parseOp } from './parsed-op.ts';
