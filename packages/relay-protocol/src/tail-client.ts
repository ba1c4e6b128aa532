// The device's side of the tail: one connection, read event by event, given up when it falls silent (docs/spec/relay.md, "Tail").
import { parseScope } from '@tallystick/oplog';
import { parseAnswerCode, RelayError } from './errors.ts';
import { badAnswer, isCount, readFields } from './replies.ts';
import type { ScopeSize } from './store.ts';

/** What a tail tells of a log. */
export interface LogNews extends ScopeSize {
  /** Of a relay that follows another one: up to where it keeps ops of this log (`RelayClient.kept`). */
  readonly kept?: number;
}

/** A silence of two beats and a half; a relay that is there is not silent for so long. */
export const defaultSilenceMs = 40_000;
/** Of text without the end of an event in it. */
const maxEventLength = 65_536;

/**
 * The events of one connection, which ends when one of `stops` fires: by itself, for a `fetch` may forget the signal of its request when nobody holds the
 * request any more, as long as the answer goes on. Throws `relay/unreachable` when it breaks off or falls silent, `relay/bad-answer`, and what the relay refuses with.
 */
export async function* readTail(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
  stops: readonly AbortSignal[] = [],
): AsyncGenerator<LogNews, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader() as ReadableStreamDefaultReader<string>;
  let text = '';
  const stop = (): void => void reader.cancel().catch(() => undefined);
  for (const signal of stops) signal.addEventListener('abort', stop, { once: true });
  try {
    while (!stops.some(({ aborted }) => aborted)) {
      const { value, done } = await within(reader.read(), silenceMs);
      if (done) return;
      text = (text + value).replaceAll('\r\n', '\n');
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = parseEvent(text.slice(0, end));
        text = text.slice(end + 2);
        if (event !== undefined) yield event;
      }
      if (text.length > maxEventLength) throw badAnswer('end of an event');
    }
  } finally {
    for (const signal of stops) signal.removeEventListener('abort', stop);
    await reader.cancel().catch(() => undefined);
  }
}

/** Undefined for comments and for events of a kind that is not known here. */
function parseEvent(text: string): LogNews | undefined {
  const fields = new Map(text.split('\n').map((line) => splitField(line)));
  const kind = fields.get('event');
  if (kind !== 'log' && kind !== 'refused') return undefined;
  const { scope, size, kept, code } = readFields(fields.get('data') ?? '');
  if (kind === 'refused') throw new RelayError(parseAnswerCode(code) ?? 'relay/refused', 'the relay ended the tail');
  const name = parseScope(scope);
  if (name === undefined || !isCount(size) || (kept !== undefined && !isCount(kept))) throw badAnswer('event');
  return { scope: name, size, ...(kept === undefined ? {} : { kept }) };
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

async function within<T>(work: Promise<T>, silenceMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RelayError('relay/unreachable', 'the tail fell silent')), silenceMs);
  });
  try {
    return await Promise.race([work, silence]);
  } catch (cause) {
    if (cause instanceof RelayError) throw cause;
    throw new RelayError('relay/unreachable', 'the tail broke off', { cause });
  } finally {
    clearTimeout(timer);
  }
}
