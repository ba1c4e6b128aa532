// The stream as a log: appending under a condition, reading each sequence number, and knowing the end. Whatever a server answers or does
// not, an append either is in the stream once or is not, and which of the two is found out; a number that cannot be read is an alarm.
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError, type NextMsgRequest, type StoredMsg } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { RelayError } from './errors.ts';
import type { NatsCluster } from './nats-cluster.ts';

export interface Outgoing {
  readonly subject: string;
  readonly data: Uint8Array;
  /** The stream sequence of the last message of this subject, 0 for none; without it any. */
  readonly expected?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sequence numbers of the messages of one append, which lie side by side. */
export interface Appended {
  readonly first: number;
  readonly last: number;
}

export interface NatsLog {
  /** All or none. Throws `relay/conflict` where an expected sequence is another; `relay/store` where the cluster was away too long. */
  append(messages: readonly Outgoing[]): Promise<Appended>;
  /** A message that was acknowledged. Throws `relay/store` when no replica has it whole. */
  read(sequence: number): Promise<StoredMsg>;
  /** The last sequence number, no older than the call. */
  end(): Promise<number>;
}

export interface NatsAlarm {
  readonly sequence: number;
  /** The server that could not give the message. */
  readonly server: string;
}

export interface NatsLogOptions {
  readonly deadlineMs: number;
  readonly onAlarm?: ((alarm: NatsAlarm) => void) | undefined;
}

const appendHeader = 'Tallystick-Append';
const hashHeader = 'Tallystick-Hash';
const requestTimeoutMs = 5_000;
const pauseMs = 100;
/** After the first refusal, then twice as long each time: another relay's append is under way, which takes some milliseconds. */
const firstPauseMs = 5;
/** A leader that was in touch with a majority so lately is still the only one: nobody is elected in less than four seconds. */
const leaseMs = 2_500;
const wrongLastSequence: ReadonlySet<number> = new Set([10_071, 10_164]);
const serviceUnavailable = 503;
const triesBeforeMove = 3;

export function createNatsLog({ connection, manager, stream }: NatsCluster, options: NatsLogOptions): NatsLog {
  const { deadlineMs, onAlarm } = options;
  let leader = '';

  async function append(messages: readonly Outgoing[]): Promise<Appended> {
    const id = randomUUID();
    const endMs = Date.now() + deadlineMs;
    let refusals = 0;
    for (;;) {
      const reply = await publish(messages, id).catch((cause: unknown) => ({ cause }));
      if ('seq' in reply) return { first: reply.seq - messages.length + 1, last: reply.seq };
      // Refused: by what somebody else wrote, or by our own message, when only the answer to it was lost.
      if ('error' in reply && wrongLastSequence.has(reply.error.err_code)) {
        const first = await firstAfter(messages).catch(() => undefined);
        if (first?.header.get(appendHeader) === id) return { first: first.seq, last: first.seq + messages.length - 1 };
        if (first !== undefined) throw new RelayError('relay/conflict', 'another relay wrote first');
        if (++refusals > 50) throw new RelayError('relay/store', 'the stream refuses an append that fits its log');
      } else if ('error' in reply && reply.error.code !== serviceUnavailable) {
        throw new RelayError('relay/store', `the stream refuses an append: ${reply.error.description}`);
      }
      mustBeOpen();
      if (Date.now() > endMs) {
        const cause = 'cause' in reply ? reply.cause : reply.error.description;
        throw new RelayError('relay/store', `no answer to an append in ${deadlineMs} ms`, { cause });
      }
      await sleep(refusals === 0 ? pauseMs : Math.min(pauseMs, firstPauseMs * 2 ** (refusals - 1)));
    }
  }

  /** It goes on through every failure of the cluster, and ends when this relay closes it. */
  function mustBeOpen(): void {
    if (connection.isClosed()) throw new RelayError('relay/store', `the connection to stream ${stream} is closed`);
  }

  async function publish(messages: readonly Outgoing[], id: string): Promise<Reply> {
    const batch = randomUUID();
    const isBatch = messages.length > 1;
    for (const [index, message] of messages.entries()) {
      const head = headersOf(message, id);
      if (isBatch) {
        head.set('Nats-Batch-Id', batch);
        head.set('Nats-Batch-Sequence', String(index + 1));
      }
      if (index < messages.length - 1) {
        connection.publish(message.subject, message.data, { headers: head });
        continue;
      }
      if (isBatch) head.set('Nats-Batch-Commit', '1');
      const reply = await connection.request(message.subject, message.data, {
        headers: head,
        timeout: requestTimeoutMs,
      });
      // A refusal has a sequence number too, which is 0.
      const { seq, error } = reply.json<{ readonly seq: number; readonly error?: Refusal }>();
      return error === undefined ? { seq } : { error };
    }
    throw new RelayError('relay/store', 'nothing to append');
  }

  /** The message that stands where the first of ours with a condition was to go. */
  async function firstAfter(messages: readonly Outgoing[]): Promise<StoredMsg | undefined> {
    const at = messages.findIndex(({ expected }) => expected !== undefined);
    const { subject, expected = 0 } = messages[at] as Outgoing;
    const query: NextMsgRequest = { seq: expected + 1, next_by_subj: subject };
    // The server answers it; the client's type has it for direct reads alone.
    return (await manager.streams.getMessage(stream, query as unknown as { seq: number })) ?? undefined;
  }

  async function read(sequence: number): Promise<StoredMsg> {
    const endMs = Date.now() + deadlineMs;
    const told = new Set<string>();
    for (let failures = 1; ; failures++) {
      let cause: unknown;
      try {
        const message = await manager.streams.getMessage(stream, { seq: sequence });
        if (message !== null && hashOf(message.data) === message.header.get(hashHeader)) return message;
      } catch (error) {
        cause = error;
        // Nobody leads just now, or the connection is gone.
        if (!(error instanceof JetStreamApiError)) failures = 0;
      }
      mustBeOpen();
      const server = failures === 0 ? '' : await leaderName();
      if (server !== '' && !told.has(server)) onAlarm?.({ sequence, server });
      told.add(server);
      if (Date.now() > endMs) {
        throw new RelayError('relay/store', `no replica has message ${sequence} of the stream whole`, { cause });
      }
      // Never skipped: another replica is asked, by having it lead.
      if (failures > 0 && failures % triesBeforeMove === 0) await moveLeader();
      await sleep(pauseMs);
    }
  }

  const leaderName = (): Promise<string> =>
    manager.streams.info(stream).then(
      ({ cluster }) => cluster?.leader ?? '',
      () => '',
    );

  async function moveLeader(): Promise<void> {
    const subject = `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`;
    await connection.request(subject, '', { timeout: requestTimeoutMs }).catch(() => undefined);
  }

  async function end(): Promise<number> {
    const info = await manager.streams.info(stream).catch(() => undefined);
    const cluster = info?.cluster;
    const isSame = cluster?.leader !== undefined && cluster.leader === leader;
    const peers = cluster?.replicas ?? [];
    const inTouch = peers.filter(({ active }) => active / 1e6 < leaseMs).length;
    if (info !== undefined && isSame && (inTouch + 1) * 2 > peers.length + 1) return info.state.last_seq;
    // A new leader may not have applied all that the old one acknowledged; a message of its own tells when it has.
    const { last } = await append([{ subject: `${stream}.barrier`, data: new Uint8Array(0) }]);
    leader = cluster?.leader ?? '';
    return last;
  }

  return { append, read, end };
}

interface Refusal {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}

type Reply = { readonly seq: number } | { readonly error: Refusal };

function headersOf({ data, expected, headers: more = {} }: Outgoing, id: string): MsgHdrs {
  const head = headers();
  head.set(appendHeader, id);
  head.set(hashHeader, hashOf(data));
  for (const [name, value] of Object.entries(more)) head.set(name, value);
  if (expected !== undefined) head.set('Nats-Expected-Last-Subject-Sequence', String(expected));
  return head;
}

function hashOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
