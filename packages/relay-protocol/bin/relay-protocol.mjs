#!/usr/bin/env node
// `npx @tallystick/relay-protocol conformance URL`: prints which clauses of docs/spec/relay.md a relay fulfils.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { nodeHasher } from '@tallystick/chain/node';
import { runConformance } from '@tallystick/relay-protocol/conformance';
import { nodeEd25519 } from '@tallystick/sign/node';

const usage = `relay-protocol conformance URL [--vkey VKEY] [--restart COMMAND] [--only NAME]... [--json]

Runs the protocol against the relay at URL, one clause after another, in books of its own that stay there.
Status 0: every clause passes. 1: one does not, or was not run. 2: called wrongly, or no relay answers.

  --vkey VKEY         the key that the relay must sign with; else the one that it names itself
  --restart COMMAND   kills the relay and starts it again; it ends when the relay is started
  --only NAME         this clause, and no other that is not named
  --json              one JSON object at the end`;

function fail(message) {
  console.error(`relay-protocol: ${message}`);
  process.exit(2);
}

function restartWith(command) {
  return () =>
    new Promise((resolve, reject) => {
      // What it says is not among the verdicts.
      const child = spawn(command, { shell: true, stdio: ['ignore', 2, 'inherit'] });
      child.once('error', reject);
      child.once('close', (status) => (status === 0 ? resolve() : reject(new Error(`it ended with ${status}`))));
    });
}

let given;
try {
  const options = {
    vkey: { type: 'string' },
    restart: { type: 'string' },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  };
  given = parseArgs({ options, allowPositionals: true });
} catch (error) {
  fail(error.message);
}
const { values, positionals } = given;
const [command, url, ...rest] = positionals;
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (command !== 'conformance' || !URL.canParse(url ?? '') || rest.length > 0) fail(`called wrongly\n\n${usage}`);
const verdicts = await runConformance({
  url,
  crypto: { hasher: nodeHasher, ed25519: nodeEd25519 },
  ...(values.only === undefined ? {} : { only: values.only }),
  ...(values.vkey === undefined ? {} : { vkey: values.vkey }),
  ...(values.restart === undefined ? {} : { restart: restartWith(values.restart) }),
  onVerdict({ name, section, says, outcome, detail }) {
    const line = `${outcome.toUpperCase().padEnd(7)} ${name.padEnd(12)} ${section}: ${says}`;
    if (!values.json) console.log(detail === '' ? line : `${line}\n        ${detail}`);
  },
}).catch((error) => fail(error.message));
const isWell = verdicts.every(({ outcome }) => outcome === 'pass');
if (values.json) console.log(JSON.stringify({ url, ok: isWell, clauses: verdicts }));
else
  console.log(
    isWell
      ? 'every clause passes'
      : `${verdicts.filter(({ outcome }) => outcome !== 'pass').length} of ${verdicts.length} clauses do not pass`,
  );
process.exitCode = isWell ? 0 : 1;
