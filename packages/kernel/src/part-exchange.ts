// What comes from outside, loaded together: see parts.ts.
export { stateCosigned } from './cosigning.ts';
export { isCurrent } from './kept-ops.ts';
export { listenTo } from './listen.ts';
export { mergeAsides } from './merge-records.ts';
export { openExchange, pinRelay, readMirror, syncWith } from './sync.ts';
export { exportBook, importBook } from './transfer.ts';
