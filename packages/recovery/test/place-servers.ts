// Real servers on loopback that places of backups are held against: a bucket that verifies signatures, IMAP and SMTP over one Maildir.
import aws4 from 'aws4';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { SMTPServer } from 'smtp-server';
import { expect, vi } from 'vitest';
import { freePort } from '../../../scripts/free-ports.ts';
import { type BackupPlace } from '../src/index.ts';
import { mailboxPlace } from '../src/mail.ts';

/** Of one test file; `stopServers` ends what was started and removes it. */
export const folder: string = mkdtempSync(join(tmpdir(), 'places-'));
/** Dovecot opens no mailbox of root's: there it is nobody's. */
const isRoot = userInfo().uid === 0;
const reader = isRoot ? { uid: 65_534, gid: 65_534 } : userInfo();
const stops: (() => Promise<unknown>)[] = [];

export async function stopServers(): Promise<void> {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

export const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const;

/** The address of an empty bucket. The store behind compares key ids alone, so a door stands in front of it that computes each signature again. */
export async function startBuckets(): Promise<string> {
  const directory = join(folder, 's3');
  const store = new S3rver({ port: 0, silent: true, directory, configureBuckets: [{ name: 'shop' }] });
  const { port: behind } = (await store.run()) as AddressInfo;
  stops.push(() => store.close());
  const door = createHttpServer((asked, answer) => {
    if (!isSigned(asked)) {
      answer.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
      return;
    }
    const { method, url: path, headers } = asked;
    const on = request({ host: '127.0.0.1', port: behind, method, path, headers }, (back) => {
      answer.writeHead(back.statusCode ?? 500, back.headers);
      back.pipe(answer);
    });
    on.on('error', () => answer.destroy());
    asked.pipe(on);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  stops.push(() => new Promise((resolve) => door.close(() => resolve(undefined))));
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}/shop`;
}

/** The address of an empty bucket that lets any page read and write it. */
export async function startBucketOfPages(): Promise<string> {
  const methods = ['GET', 'PUT', 'DELETE'].map((method) => `<AllowedMethod>${method}</AllowedMethod>`).join('');
  const rule = `<CORSRule><AllowedOrigin>*</AllowedOrigin>${methods}<AllowedHeader>*</AllowedHeader></CORSRule>`;
  const cors = `<CORSConfiguration>${rule}</CORSConfiguration>`;
  const directory = join(folder, 's3-pages');
  const store = new S3rver({ port: 0, silent: true, directory, configureBuckets: [{ name: 'shop', configs: [cors] }] });
  const { port } = (await store.run()) as AddressInfo;
  stops.push(() => store.close());
  return `http://127.0.0.1:${port}/shop`;
}

/** Signature version 4, by another implementation than the one that signed. */
function isSigned({ method = '', url = '', headers }: IncomingMessage): boolean {
  const said = headers.authorization ?? '';
  const [, region = '', names = ''] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+),/.exec(said) ?? [];
  if (region === '') return false;
  const signed = Object.fromEntries(names.split(';').map((name) => [name, String(headers[name] ?? '')]));
  const again = aws4.sign(
    { service: 's3', region, method, host: String(headers.host), path: url, headers: signed },
    credentials,
  );
  return again.headers?.['Authorization'] === said;
}

/** False where there is no dovecot; in CI that is an error. */
export function hasMail(): boolean {
  const isThere = spawnSync('dovecot', ['--version']).status === 0;
  if (!isThere && process.env['CI'] !== undefined) throw new Error('dovecot-imapd is not installed');
  return isThere;
}

/** An empty mailbox. */
export async function startMailbox(): Promise<BackupPlace> {
  const { imap, smtp, auth } = await startMail();
  return mailboxPlace({
    smtp: { host: '127.0.0.1', port: smtp, secure: false, ignoreTLS: true },
    imap: { host: '127.0.0.1', port: imap, secure: false, auth, doSTARTTLS: false },
    from: 'till@shop.test',
    to: 'owner@shop.test',
  });
}

/** The ports of an empty mailbox, and who may read it. */
export async function startMail(): Promise<{ imap: number; smtp: number; auth: { user: string; pass: string } }> {
  const maildir = join(folder, 'mail');
  const imap = await startImap(maildir);
  const smtp = await startSmtp(maildir);
  return { imap, smtp, auth: { user: userInfo().username, pass: 'tally' } };
}

/** Dovecot as this user, on a port of its own, over a Maildir. */
async function startImap(maildir: string): Promise<number> {
  const port = await freePort();
  const base = join(folder, 'dovecot');
  const { username } = userInfo();
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, name), { recursive: true });
  for (const name of [base, join(base, 'run')]) mkdirSync(name, { recursive: true });
  chmodSync(folder, 0o755);
  writeFileSync(join(base, 'users'), `${username}:{PLAIN}tally:${reader.uid}:${reader.gid}::${base}::\n`);
  for (const path of [maildir, base, ...['cur', 'new', 'tmp'].map((name) => join(maildir, name))])
    chownSync(path, reader.uid, reader.gid);
  const internal = isRoot
    ? ''
    : `default_internal_user = ${username}\ndefault_login_user = ${username}\ndefault_internal_group = ${reader.gid}\n`;
  writeFileSync(
    join(base, 'dovecot.conf'),
    `protocols = imap
base_dir = ${base}/run
state_dir = ${base}
log_path = ${base}/log
ssl = no
disable_plaintext_auth = no
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:${maildir}
${internal}service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
passdb {
  driver = passwd-file
  args = ${base}/users
}
userdb {
  driver = passwd-file
  args = ${base}/users
}
`,
  );
  const child = spawn('dovecot', ['-F', '-c', join(base, 'dovecot.conf')], { stdio: 'ignore' });
  stops.push(async () => {
    child.kill('SIGTERM');
    await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)));
  });
  await vi.waitFor(() => expect(readFileSync(join(base, 'log'), 'utf8')).toContain('starting up'));
  return port;
}

/** A real SMTP server that delivers into the Maildir as any other would: written aside, then moved. */
async function startSmtp(maildir: string): Promise<number> {
  let count = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        count += 1;
        const name = `${Date.now()}.${count}.loopback`;
        writeFileSync(join(maildir, 'tmp', name), Buffer.concat(chunks));
        chownSync(join(maildir, 'tmp', name), reader.uid, reader.gid);
        renameSync(join(maildir, 'tmp', name), join(maildir, 'new', name));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => new Promise((resolve) => server.close(() => resolve(undefined))));
  return (server.server.address() as AddressInfo).port;
}
