// Streams a CSV file in the Online Retail format, gzipped or not, row by row in bounded memory. Anything wrong with the
// file or a row ends the stream with one OfficeError that names file, line, row and reason.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Parser, parse } from 'csv-parse';
import { fileError, OfficeError } from './errors.ts';
import { currencyColumn, parseRetailRow, type RetailRow, retailColumns } from './retail-row.ts';

/** A quote that is never closed would otherwise swallow the rest of the file into one record. */
const maxRecordBytes = 64 * 1024;

/** A file to read and the currency its prices are in. */
export interface RetailFile {
  readonly path: string;
  readonly currency: string;
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number; readonly records: number };
}

/** Every row of the file in order. When the stream ends, `onDigest` is given the SHA-256 of the file's bytes as stored. */
export async function* readRetailRows(
  file: RetailFile,
  onDigest?: (sha256: string) => void,
): AsyncGenerator<RetailRow> {
  const digest = createHash('sha256');
  const { parser, finished } = await openRecords(file.path, digest);
  const progress = { line: 0, row: -1 };
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      progress.line = info.lines;
      progress.row += 1;
      if (progress.row === 0) {
        checkHeader(file.path, record);
        continue;
      }
      const parsed = parseRetailRow(record, file.currency, progress.line, progress.row);
      if (!parsed.ok) throw fileError('office/row', { file: file.path, ...progress }, parsed.reason);
      yield parsed.value;
    }
  } catch (cause) {
    throw cause instanceof OfficeError ? cause : explain(file.path, parser, cause);
  } finally {
    parser.destroy();
  }
  await finished;
  if (progress.row < 0) throw fileError('office/empty', { file: file.path }, 'the file is empty');
  if (progress.row === 0) throw fileError('office/empty', { file: file.path }, 'the file has a header but no rows');
  onDigest?.(digest.digest('hex'));
}

async function openRecords(path: string, digest: Hash): Promise<{ parser: Parser; finished: Promise<void> }> {
  const gzipped = await isGzip(path);
  const tap = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      digest.update(chunk);
      done(null, chunk);
    },
  });
  const parser = parse({ bom: true, info: true, max_record_size: maxRecordBytes, skip_empty_lines: true });
  const stages = gzipped ? [tap, createGunzip(), parser] : [tap, parser];
  const finished = new Promise<void>((resolve) => {
    // An error reaches the parser and is thrown where it is read; here only the end matters.
    pipeline([createReadStream(path), ...stages], () => resolve());
  });
  return { parser, finished };
}

async function isGzip(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) throw fileError('office/not-a-file', { file: path }, 'is not a regular file');
    const handle = await open(path);
    try {
      const start = new Uint8Array(2);
      const { bytesRead } = await handle.read(start, 0, 2, 0);
      const magic = bytesRead === 2 && start[0] === 0x1f && start[1] === 0x8b;
      if (path.endsWith('.gz') && !magic)
        throw fileError('office/gzip', { file: path }, 'is named .gz and is not gzip data');
      return magic;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof OfficeError) throw cause;
    const code = errorCode(cause);
    const reason = code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`;
    throw fileError('office/no-file', { file: path }, reason, cause);
  }
}

function checkHeader(file: string, header: readonly string[]): void {
  const wanted = header.length > retailColumns.length ? [...retailColumns, currencyColumn] : retailColumns;
  if (header.join('\n') === wanted.join('\n')) return;
  const got = header.join(',').slice(0, 120);
  throw fileError('office/header', { file, line: 1 }, `the header is "${got}", not "${retailColumns.join(',')}"`);
}

/**
 * Words for what the gzip and CSV layers refuse, at the first row that could not be read. The parser's own counts are
 * asked: an error discards the rows that were parsed and not yet read here.
 */
function explain(file: string, parser: Parser, cause: unknown): OfficeError {
  const code = errorCode(cause);
  const rows = Math.max(parser.info.records, 1);
  const place = { file, line: Math.max(parser.info.lines, 1), row: rows };
  if (code === 'Z_BUF_ERROR') {
    return fileError('office/gzip', place, 'the gzip data ends here: the file is truncated', cause);
  }
  if (code.startsWith('Z_')) return fileError('office/gzip', place, `the gzip data is damaged (${code})`, cause);
  const reason = csvReasons.get(code);
  if (reason !== undefined) return fileError('office/row', place, reason, cause);
  return fileError('office/no-file', { file }, `cannot be read (${code})`, cause);
}

const csvReasons: ReadonlyMap<string, string> = new Map([
  ['CSV_RECORD_INCONSISTENT_FIELDS_LENGTH', 'malformed row: it has not as many fields as the header'],
  ['CSV_INVALID_CLOSING_QUOTE', 'malformed row: text after a closing quote'],
  ['INVALID_OPENING_QUOTE', 'malformed row: a quote inside an unquoted field'],
  ['CSV_QUOTE_NOT_CLOSED', 'malformed row: a quote is opened and never closed'],
  ['CSV_MAX_RECORD_SIZE', `malformed row: longer than ${maxRecordBytes} bytes, probably a quote that is never closed`],
]);

function errorCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown';
}
