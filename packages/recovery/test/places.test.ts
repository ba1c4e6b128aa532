// Every place by one contract: memory, a folder, a bucket and a mailbox, the latter two against real servers on loopback.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { SMTPServer } from 'smtp-server';
import { afterAll, describe, expect, it } from 'vitest';
import { placeChecks } from '../src/contract.ts';
import { type BackupPlace, bucketPlace, memoryPlace } from '../src/index.ts';
import { mailboxPlace } from '../src/mail.ts';
import { folderPlace } from '../src/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'places-'));
/** Dovecot opens no mailbox of root's: there it is nobody's. */
const isRoot = userInfo().uid === 0;
const reader = isRoot ? { uid: 65_534, gid: 65_534 } : userInfo();
const stops: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
});

function contract(make: () => Promise<BackupPlace>): void {
  let place: BackupPlace | undefined;
  it.each(placeChecks)('$name', async (check) => check.run((place ??= await make())));
}

describe('memory', () => {
  contract(async () => memoryPlace());

  it('is held to it', async () => {
    const place = memoryPlace();
    const forgetful: BackupPlace = { ...place, save: async (name, bytes) => place.save(name, bytes.subarray(1)) };
    const outcomes = await Promise.allSettled(placeChecks.map((check) => check.run(forgetful)));
    expect(outcomes.map(({ status }) => status)).toContain('rejected');
  });
});

describe('a folder', () => {
  contract(async () => folderPlace(join(folder, 'files')));

  it('takes no name that leads out of it, and says when it cannot be written', async () => {
    const place = folderPlace(join(folder, 'files'));
    await expect(place.save('../outside.age', new Uint8Array(1))).rejects.toMatchObject({ code: 'recovery/place' });
    writeFileSync(join(folder, 'a-file'), '');
    const no = folderPlace(join(folder, 'a-file'));
    await expect(no.save('x.age', new Uint8Array(1))).rejects.toMatchObject({ code: 'recovery/place' });
  });
});

describe('a bucket', () => {
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  async function startBuckets(): Promise<string> {
    const directory = join(folder, 's3');
    const server = new S3rver({ port: 0, silent: true, directory, configureBuckets: [{ name: 'shop' }] });
    const { port } = (await server.run()) as AddressInfo;
    stops.push(() => server.close());
    return `http://localhost:${port}/shop`;
  }
  let url: Promise<string> | undefined;
  contract(async () => bucketPlace({ url: `${await (url ??= startBuckets())}/backups`, ...credentials }));

  // This server compares key ids and no signatures of version 4.
  it('says when the key is unknown, and when nobody answers', async () => {
    const at = await (url ??= startBuckets());
    const stranger = bucketPlace({ url: at, ...credentials, accessKeyId: 'another' });
    await expect(stranger.save('x.age', new Uint8Array(1))).rejects.toMatchObject({
      code: 'recovery/place',
      message: expect.stringContaining('403'),
    });
    const nobody = bucketPlace({ url: 'http://localhost:1/shop', ...credentials });
    await expect(nobody.list()).rejects.toMatchObject({ code: 'recovery/place' });
  });
});

describe.skipIf(missingMail())('a mailbox', () => {
  contract(async () => {
    const maildir = join(folder, 'mail');
    const imap = await startImap(maildir);
    const smtp = await startSmtp(maildir);
    const auth = { user: userInfo().username, pass: 'tally' };
    return mailboxPlace({
      smtp: { host: '127.0.0.1', port: smtp, secure: false, ignoreTLS: true },
      imap: { host: '127.0.0.1', port: imap, secure: false, auth, doSTARTTLS: false },
      from: 'till@shop.test',
      to: 'owner@shop.test',
    });
  });

  it('says when nobody answers', async () => {
    const auth = { user: 'nobody', pass: 'x' };
    const server = { host: '127.0.0.1', port: 1, secure: false };
    const place = mailboxPlace({ smtp: server, imap: { ...server, auth }, from: 'a@b.test', to: 'a@b.test' });
    await expect(place.list()).rejects.toMatchObject({ code: 'recovery/place' });
  });
});

function missingMail(): boolean {
  const isThere = spawnSync('dovecot', ['--version']).status === 0;
  if (!isThere && process.env['CI'] !== undefined) throw new Error('dovecot-imapd is not installed');
  return !isThere;
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
  await expect.poll(() => readFileSync(join(base, 'log'), 'utf8')).toContain('starting up');
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
