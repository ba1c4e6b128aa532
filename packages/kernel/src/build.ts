/**
 * What an open book is made of. A part of another build would bring a kernel of its own, whose effects on tables would be refused here and on no other device, so each part names this and is held to be of
 * the program's (late-files.ts). It also tells a bundler that all parts need the same first files: so it makes one of these, and not one for each set of parts.
 */
import { Book } from './book.ts';
import { OwnDevice } from './own-device.ts';
import { Replica } from './replica.ts';

export const build: readonly unknown[] = [Book, OwnDevice, Replica];
