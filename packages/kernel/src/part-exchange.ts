// What comes from outside, loaded together: see parts.ts.
export { appointmentOf } from './appointed-relay.ts';
export { exchangeWith, takeFromFile, takeFromMirror } from './book-exchange.ts';
export { listenTo } from './listen.ts';
export { mergeAsides } from './merge-records.ts';
export { pinRelay } from './relay-key.ts';
export { signStatement } from './statement.ts';
export { exportBook } from './transfer.ts';
