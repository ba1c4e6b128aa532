// The parsers of the protocol core and what each promises: to answer and not throw, and to accept only what a writer writes.
import {
  createTree,
  encodeCheckpoint,
  encodeVerifierKey,
  openNote,
  openRecord,
  parseCheckpoint,
  parseVerifierKey,
  verifyChain,
  verifyConsistency,
  verifyInclusion,
  verifyRuns,
} from '@tallystick/chain';
import { nodeHasher as hasher } from '@tallystick/chain/node';
import {
  encodeCosignerKey,
  encodeTlogProof,
  openCosignature,
  parseCosignerKey,
  parseTlogProof,
  verifyOpProof,
} from '@tallystick/chain/op-proof';
import { openBackup, parseShare, shareToText, shareToWords } from '@tallystick/custody';
import {
  type AppendFile,
  encodeCanonical,
  encodeHex,
  encodeOp,
  encodeRecord,
  OplogError,
  type OpRecord,
  parseBookId,
  parseOpId,
  parseScope,
  parseVerbRef,
  signatureOf,
} from '@tallystick/oplog';
import { decodeRecord, parseCanonical, parseOp } from '@tallystick/oplog/strict';
import { decodeBundle, encodeBundle, createFrameCollector } from '@tallystick/oplog/transport';
import { createFileLogStore } from '@tallystick/oplog/file';
import {
  createMemoryRelayStore,
  createRelay,
  type Relay,
  RelayError,
  verifyCheckpoint,
  verifyReceipt,
} from '@tallystick/relay-protocol';
import {
  encodeKeyText,
  judgeRotation,
  keyIdAfter,
  parseAdmitArgs,
  parseBookOpenArgs,
  parseEnrolArgs,
  parseRecoverySetArgs,
  parseKeyText,
  parseRevokeArgs,
  parseRevokePolicyArgs,
  parseRotateArgs,
} from '@tallystick/sign';
import { createRoster } from '@tallystick/sign/roster';
import { nodeEd25519 as ed25519 } from '@tallystick/sign/node';
import { createClaims, parseTokenUrl, type TokenHash, verifyClaim } from '@tallystick/sign/token';
import {
  checkStatus,
  parseBatchAnswer,
  parseInfo,
  parseProof,
  parseHandshake,
} from '../packages/relay-protocol/src/replies.ts';
import { parseRoute } from '../packages/relay-protocol/src/routes.ts';
import { relayOfVectors as relay, requestBook, requestMs } from './fuzz-seeds.ts';

/** Answers whether the input was accepted; throws where the parser breaks a promise. */
export type Target = (bytes: Uint8Array) => boolean | Promise<boolean>;

const decoder = new TextDecoder();

const believe = (): boolean => true;

function promise(holds: boolean, what: string): true {
  if (!holds) throw new Error(what);
  return true;
}

const equal = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

function ofText(parse: (text: string) => boolean | Promise<boolean>): Target {
  return (bytes) => parse(decoder.decode(bytes));
}

/** The records of a bundle, as far as they are some. */
function ofRecords(read: (records: OpRecord[]) => boolean | Promise<boolean>): Target {
  return (bytes) => {
    const opened = decodeBundle(bytes).frames.map((frame) => openRecord(frame, hasher));
    return read(opened.flatMap((record) => (record.ok ? [record.value] : [])));
  };
}

/** What may be thrown, by contract, is no fault. */
function refusedWith(error: typeof OplogError | typeof RelayError, read: () => boolean): boolean {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof error) return false;
    throw cause;
  }
}

const oplogTargets: Readonly<Record<string, Target>> = {
  canonical: ofText((text) => {
    const parsed = parseCanonical(text);
    return parsed.ok && promise(encodeCanonical(parsed.value) === text, 'accepted what is not canonical');
  }),
  op: ofText((text) => {
    const parsed = parseOp(text);
    return parsed.ok && promise(encodeOp(parsed.value) === text, 'accepted what no writer writes');
  }),
  record: (bytes) => {
    const decoded = decodeRecord(bytes);
    if (!decoded.ok) return promise(!openRecord(bytes, hasher).ok, 'opened what does not decode') && false;
    const { keyId, text } = decoded.value;
    return promise(equal(encodeRecord(keyId, signatureOf({ bytes }), text), bytes), 'accepted what no writer writes');
  },
  bundle: (bytes) => {
    const { frames, tornAt } = decodeBundle(bytes);
    const whole = frames.filter((frame) => frame.length > 0);
    if (whole.length < frames.length) return false;
    return promise(
      equal(encodeBundle(whole.map((frame) => ({ bytes: frame }))), bytes.subarray(0, tornAt)),
      'lost bytes',
    );
  },
  names: ofText(
    (text) => parseOpId(text) !== undefined || parseVerbRef(text) !== undefined || parseScope(text) !== undefined,
  ),
  frames: ofText((text) => {
    const collector = createFrameCollector();
    collector.add(text);
    return collector.sets().some(({ state }) => state === 'whole');
  }),
  'log file': (bytes) =>
    refusedWith(OplogError, () => {
      const store = createFileLogStore(fileOf(bytes));
      const scopes = store.scopes();
      for (const scope of scopes) store.settled(scope, 0, store.tip(scope).size);
      return scopes.length > 0;
    }),
};

/** A file in memory: what opening reads, and cuts where it is torn. */
function fileOf(start: Uint8Array): AppendFile {
  let bytes = Uint8Array.from(start);
  return {
    size: () => bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
    write(offset, part) {
      bytes = Uint8Array.from([...bytes.subarray(0, offset), ...part]);
    },
    flush: () => undefined,
    truncate(size) {
      bytes = bytes.subarray(0, size);
    },
    close: () => undefined,
  };
}

const chainTargets: Readonly<Record<string, Target>> = {
  chain: ofRecords(async (records) => {
    const { ok } = await verifyChain(records, { hasher, verify: believe });
    return ok && records.length > 0;
  }),
  runs: ofRecords(async (records) => {
    const report = await verifyRuns(records, {
      headOf: () => undefined,
      enrolmentOf: (_device, link) => link,
      has: () => false,
      opOf: () => undefined,
      verify: believe,
    });
    const { accepted, refused, waiting, known } = report;
    const sorted = accepted.length + refused.length + waiting.length + known.length;
    return promise(sorted === records.length, 'lost a record') && accepted.length > 0;
  }),
  note: ofText(async (text) => (await openNote(text, relay, believe, hasher)).ok),
  checkpoint: ofText((text) => {
    const parsed = parseCheckpoint(text);
    return parsed.ok && promise(text.startsWith(encodeCheckpoint(parsed.value)), 'read otherwise than written');
  }),
  cosignature: ofText(async (text) => {
    const [, name = relay.name] = /^\u2014 (\S+) \S+\n$/m.exec(text) ?? [];
    const opened = await openCosignature(text, { ...relay, name }, believe, hasher);
    return opened.ok || opened.code === 'chain/note-unsigned';
  }),
  key: ofText((text) => {
    const [log, cosigner] = [parseVerifierKey(text, hasher), parseCosignerKey(text, hasher)];
    if (log.ok) promise(encodeVerifierKey(log.value, hasher) === text, 'read otherwise than written');
    if (cosigner.ok) promise(encodeCosignerKey(cosigner.value, hasher) === text, 'read otherwise than written');
    return log.ok || cosigner.ok;
  }),
  proof: (bytes) => {
    const hashes = Array.from({ length: bytes.length >> 5 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));
    const [leaf = bytes, root = bytes, ...proof] = hashes;
    const [index, size] = [
      (bytes[0] ?? 0) * 2 ** ((bytes[1] ?? 0) % 53),
      (bytes[2] ?? 0) * 2 ** ((bytes[3] ?? 0) % 53),
    ];
    const steps = { first: index, second: size, firstRoot: leaf, secondRoot: root, proof };
    return verifyInclusion({ index, size, leaf, root, proof }, hasher) || verifyConsistency(steps, hasher);
  },
  'tlog-proof': ofText((text) => {
    const parsed = parseTlogProof(text);
    return (
      parsed.ok &&
      promise(
        !parsed.value.checkpoint.endsWith('\n') || encodeTlogProof(parsed.value) === text,
        'read otherwise than written',
      )
    );
  }),
  'op proof': ofText(async (text) => {
    const parsed = parseTlogProof(text);
    const [origin = ''] = parsed.ok ? parsed.value.checkpoint.split('\n') : [];
    const verdict = await verifyOpProof(text, { origin, log: relay, cosigners: [relay], verify: believe, hasher });
    return verdict.ok || verdict.code === 'chain/note-unsigned' || verdict.code === 'chain/tlog-proof-root';
  }),
  tree: ofText((text) => {
    try {
      const frontier = text.split('\n');
      return promise(
        equalTexts(createTree(hasher, { size: 2 ** frontier.length - 1, frontier }).frontier(), frontier),
        'lost',
      );
    } catch (error) {
      if ((error as { code?: string }).code === 'chain/frontier') return false;
      throw error;
    }
  }),
};

const equalTexts = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join();

const signTargets: Readonly<Record<string, Target>> = {
  signature: (bytes) => ed25519.verify(bytes.subarray(0, 32), bytes.subarray(96), bytes.subarray(32, 96)),
  args: ofText((text) => {
    const parsed = parseCanonical(text);
    if (!parsed.ok) return false;
    const parsers = [
      parseAdmitArgs,
      parseBookOpenArgs,
      parseEnrolArgs,
      parseRecoverySetArgs,
      parseRevokeArgs,
      parseRevokePolicyArgs,
      parseRotateArgs,
    ];
    const read = parsers.map((parse) => parse(parsed.value)).filter(({ ok }) => ok);
    return promise(read.length < 2, 'took one value for the args of two verbs') && read.length === 1;
  }),
  roster: ofRecords((records) => {
    const roster = createRoster();
    const answers = records.map((record) => roster.apply(record));
    for (const { id, scope } of roster.devices()) roster.standing(id, scope);
    return answers.some(({ ok }) => ok) && roster.devices().length > 0;
  }),
  rotation: ofRecords(async (records) => {
    const judged = await Promise.all(records.map(({ op, keyId }) => judgeRotation(op, keyId, ed25519, hasher)));
    return records.map((record) => keyIdAfter(record)).length > 0 && judged.some(({ ok }) => ok);
  }),
  'key text': ofText(async (text) => {
    const key = await parseKeyText(text, ed25519);
    return key !== undefined && promise(encodeKeyText(key.seed, key.pair.publicKey) === text, 'read otherwise');
  }),
  token: ofText((text) => parseTokenUrl(text, hasher).ok),
  claim: ofRecords(async (records) => {
    const claims = createClaims();
    const [wallet, claim] = records;
    const named = claim?.op.args['token'];
    if (wallet === undefined || claim === undefined || typeof named !== 'string') return false;
    const token = { hash: named as TokenHash };
    const claimer = await verifyClaim(token, { wallet, claim }, ed25519, hasher);
    return claimer.ok && promise(claims.apply(claimer.value).ok && claims.claimOf(token) !== undefined, 'lost');
  }),
};

/** The identity of the vectors, which opens their seals. */
const identity = 'AGE-SECRET-KEY-1VWK4TKVLVD5S3ERTAL3G7GLNN4T0YQRREUZWYHSMEY7H0863M9YQXRWQYZ';

const custodyTargets: Readonly<Record<string, Target>> = {
  share: ofText((text) => {
    const share = parseShare(text);
    if (!share.ok) return false;
    const forms = [shareToText(share.value), shareToWords(share.value)].map((form) => parseShare(form));
    return promise(
      forms.every((form) => form.ok && shareToText(form.value) === shareToText(share.value)),
      'read otherwise than written',
    );
  }),
  sealed: ofText(async (text) => (await openBackup(text, { kind: 'organisation', identity }, { ed25519, hasher })).ok),
};

const relayTargets: Readonly<Record<string, Target>> = {
  route: ofText((text) => {
    const target = URL.parse(text, 'http://relay.example');
    const read = (method: string): boolean =>
      target !== null && refusedWith(RelayError, () => parseRoute(method, target).kind !== undefined);
    return [read('GET'), read('POST')].includes(true);
  }),
  answer: (bytes) => {
    const reply = { status: 200, bytes, headers: new Headers() };
    const readers = [parseInfo, parseHandshake, parseProof, (one: typeof reply) => parseBatchAnswer(one, [])];
    refusedWith(RelayError, () => checkStatus({ ...reply, status: 400 }) === undefined);
    return readers.map((read) => refusedWith(RelayError, () => read(reply) !== undefined)).includes(true);
  },
  receipt: ofText(async (text) => {
    const check = { key: relay, origin: text.split('\n', 1)[0] as string, verify: believe, hasher };
    const [receipt, checkpoint] = [await verifyReceipt(text, check), await verifyCheckpoint(text, check)];
    return receipt.ok || checkpoint.ok;
  }),
  push: async (bytes) => {
    const first = openRecord(decodeBundle(bytes).frames[0] ?? bytes, hasher);
    const book = parseBookId(first.ok ? first.value.hash : encodeHex(new Uint8Array(32)));
    const faults: unknown[] = [];
    const onEvent = (event: { kind: string }): unknown => event.kind === 'failed' && faults.push(event);
    const store = createMemoryRelayStore();
    const { fetch } = createRelay({ store, signer: relay, hasher, ed25519, onEvent: (event) => void onEvent(event) });
    const url = `http://relay.example/v1/books/${book}/scopes/hq/ops`;
    const { status } = await fetch(new Request(url, { method: 'POST', body: Uint8Array.from(bytes) }));
    return promise(faults.length === 0 && status < 500, `failed with ${status}`) && status === 200;
  },
};

/** A whole request: its first line `METHOD PATH`, then headers, then after an empty line the body. */
const requestTargets: Readonly<Record<string, Target>> = {
  request: async (bytes) => {
    const request = parseRequest(Buffer.from(bytes).toString('latin1'));
    if (request === undefined) return false;
    faults.length = 0;
    const { status, body } = await (await openedRelay()).fetch(request);
    await body?.cancel();
    return promise(faults.length === 0 && status < 500, `failed with ${status}`) && status < 300;
  },
};

const faults: unknown[] = [];
let opened: Promise<Relay> | undefined;

/** One relay for all requests, with the book of `signedRequest`. */
function openedRelay(): Promise<Relay> {
  return (opened ??= (async () => {
    const { genesis } = await requestBook();
    const onEvent = (event: { kind: string }): void => void (event.kind === 'failed' && faults.push(event));
    const store = createMemoryRelayStore();
    const limits = { maxBooks: 100, tailBeatMs: 1_000 };
    const made = createRelay({ store, signer: relay, hasher, ed25519, limits, now: () => requestMs, onEvent });
    const url = `http://relay.example/v1/books/${genesis.hash}/scopes/hq/ops`;
    await made.fetch(new Request(url, { method: 'POST', body: Uint8Array.from(encodeBundle([genesis])) }));
    return made;
  })());
}

/** Undefined for what no HTTP client could send. */
function parseRequest(text: string): Request | undefined {
  const end = text.indexOf('\n\n');
  const [first = '', ...lines] = (end < 0 ? text : text.slice(0, end)).split('\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = lines.map((line): [string, string] => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1)]);
  const body = end < 0 || method === 'GET' ? null : Buffer.from(text.slice(end + 2), 'latin1');
  try {
    return new Request(`http://relay.example${path}`, { method, headers, body });
  } catch {
    return undefined;
  }
}

export const targets: Readonly<Record<string, Target>> = {
  ...oplogTargets,
  ...chainTargets,
  ...signTargets,
  ...custodyTargets,
  ...relayTargets,
  ...requestTargets,
};
