// @tallystick/oplog/transport: ops as they travel: a bundle of records, and one as QR frames or as text that can be pasted or mailed. Spec: docs/spec/op.md.
export { type Bundle, decodeBundle, encodeBundle } from './bundle.ts';
export {
  createFrameCollector,
  type DamagedFrame,
  encodeFrames,
  encodeText,
  type FrameCollector,
  type FrameSet,
  qrFrameBytes,
} from './frames.ts';
