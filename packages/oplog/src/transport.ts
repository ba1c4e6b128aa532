// @tallystick/oplog/transport: a bundle of ops as QR frames and as text that can be pasted or mailed. Spec: docs/spec/op.md.
export {
  createFrameCollector,
  type DamagedFrame,
  encodeFrames,
  encodeText,
  type FrameCollector,
  type FrameSet,
  qrFrameBytes,
} from './frames.ts';
