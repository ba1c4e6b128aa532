// The till itself: the book, its log on this device and its SQL engine, off the page's thread. Every tab has a worker; the one that has the
// log serves the book to all of them, and the next one takes over when its tab is closed.
import { openBook } from '@tallystick/kernel';
import { browserStore, serveBook } from '@tallystick/kernel/browser';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { parseBookId } from '@tallystick/oplog';
import { createRelayClient } from '@tallystick/relay-protocol/client';
import initSqlJs from 'sql.js';
import sqliteAddress from 'sql.js/dist/sql-wasm-browser.wasm?url';
import { verbs } from './shop.ts';

const sqlite = await initSqlJs({ locateFile: () => sqliteAddress });
// Names this build, whose rows another one does not take over: the hash of its code is in the worker's address, but not while you edit it.
const release = import.meta.env.DEV ? String(Date.now()) : self.location.pathname;
const store = await browserStore('pos', { sqlite, wait: true, release });
const joined = parseBookId(self.name);
const book = await openBook({ store, verbs, name: 'Corner shop', ...(joined === undefined ? {} : { book: joined }) });

const actions = {
  sync: (url: string) => book.sync(createRelayClient({ url, retry: { attempts: 2 } })),
  storage: () => store.log.storage(),
  // Loads more of the kernel when it is first asked for: the service worker has kept that, too.
  prove: () => book.prove(sqljsStore({ sqlite })),
};
export type Actions = typeof actions;
serveBook(book, 'pos', actions);
