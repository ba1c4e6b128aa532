// A relay on port 7101. It gives ops their order, keeps and hands them on; it knows none of the verbs, and what it says is checked.
import { mkdirSync } from 'node:fs';
import { createRelay } from '@tallystick/relay-protocol';
import { createSqliteRelayStore } from '@tallystick/relay-protocol/node';
import { nodeCrypto } from '@tallystick/kernel/node';
import { createFileKeyStore } from '@tallystick/sign/node';
import { serve } from 'srvx';

mkdirSync('relay', { recursive: true });
const keys = createFileKeyStore('relay');
const key = (await keys.load('relay')) ?? (await keys.create('relay'));
const relay = createRelay({
  store: createSqliteRelayStore('relay/relay.db'),
  signer: { name: 'relay.corner-shop', publicKey: key.publicKey, sign: key.sign },
  ...nodeCrypto,
});
serve({ fetch: relay.fetch, hostname: '127.0.0.1', port: 7101, silent: true });
