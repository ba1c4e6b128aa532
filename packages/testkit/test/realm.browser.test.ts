// The realm in Chromium, which has a page's ways out and a Temporal of its own.
import { portableHasher } from '@tallystick/chain';
import { sqljsStore } from '@tallystick/kernel/sqljs';
import { nobleEd25519 } from '@tallystick/sign';
import initSqlJs from 'sql.js';
import sqliteAddress from 'sql.js/dist/sql-wasm-browser.wasm?url';
import { describe } from 'vitest';
import { realmCases } from './realm-cases.ts';

const sqlite = await initSqlJs({ locateFile: () => sqliteAddress });

describe('the realm', () => {
  realmCases(() => sqljsStore({ sqlite }), { hasher: portableHasher, ed25519: nobleEd25519 });
});
