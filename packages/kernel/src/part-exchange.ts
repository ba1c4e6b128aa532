// What comes from outside, and what this device says of itself there, loaded together: see parts.ts.
export { adoptable } from './adopt.ts';
export { appointmentOf } from './appointed-relay.ts';
export { build } from './build.ts';
export { exchangeWith, takeFromFile, takeFromMirror } from './book-exchange.ts';
export { listenTo } from './listen.ts';
export { dismissAsides, mergeAsides } from './merge-records.ts';
export { pinRelay } from './relay-key.ts';
export { admissionOf, recoveries, renewDevice, rotateKey } from './renew.ts';
export { signStatement } from './statement.ts';
export { exportBook } from './transfer.ts';
export { fetchOlder } from './whole-log.ts';
// Whoever loads this has loaded the acts, too (parts.ts): a bundler that is told makes one file of them and of what they have in common with this.
export { codeByRef } from './part-acts.ts';
