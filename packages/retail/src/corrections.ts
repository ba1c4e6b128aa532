/** @tallystick/retail/corrections: what was contested or refused, and what is to be done about it. See docs/retail.md. */
export {
  type CorrectedDocument,
  correctionList,
  type CorrectionRow,
  type Owed,
  type OwedKind,
  refusalList,
  type RefusalRow,
  type Selection,
} from './correction/report.ts';
export { correctionWords, type CorrectionWords } from './correction/words.ts';
