// What a relay is deployed with. No container is built here: the container file is read as its builders read it, and its steps are taken in a folder in place of an
// image. systemd itself judges its unit.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { afterAll, describe, expect, it } from 'vitest';
import { isMissing } from '../../../scripts/test-environment.ts';
import { askHealth } from '../src/health.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'relay-deploy-'));
const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends) end();
  rmSync(folder, { recursive: true, force: true });
});
const deployed = (name: string): string => readFileSync(join(repository, 'apps/relay/deploy', name), 'utf8');

interface Step {
  readonly name: string;
  readonly text: string;
}

function stepsOf(text: string): Step[] {
  return DockerfileParser.parse(text)
    .getInstructions()
    .map((step) => ({ name: step.getKeyword(), text: step.getArgumentsContent() ?? '' }));
}

describe('the container file', () => {
  const text = deployed('Containerfile');
  const steps = stepsOf(text);
  const last = (name: string): string => steps.findLast((step) => step.name === name)?.text ?? '';

  it('is in order, pins what it is made from, and runs as nobody who may do much', () => {
    expect(validate(text)).toEqual([]);
    expect(validate(text.replace('WORKDIR', 'WORKDRI'))).not.toEqual([]);
    const { node, pnpm } = JSON.parse(readFileSync(join(repository, 'scripts/toolchain.json'), 'utf8')) as {
      readonly node: string;
      readonly pnpm: string;
    };
    for (const from of steps.filter(({ name }) => name === 'FROM')) expect(from.text).toContain(`node:${node}-`);
    expect(text).toContain(`pnpm@${pnpm}`);
    expect(last('USER')).toBe('node');
    const set = steps.filter(({ name }) => name === 'ENV').map(({ text: variable }) => variable);
    expect(set).toEqual(['NODE_ENV=production', 'MALLOC_ARENA_MAX=2']);
  });

  it('has in it all that the relay needs to start, be asked how it is, and stop', async () => {
    const image = join(folder, 'image');
    for (const { text: copied } of steps.filter(({ name, text: from }) => name === 'COPY' && !from.startsWith('/'))) {
      const sources = copied.split(' ');
      const target = join(image, sources.pop() ?? '');
      for (const source of sources) {
        const to = copied.endsWith('/') ? join(target, source) : target;
        mkdirSync(dirname(to), { recursive: true });
        // As the ignore file beside it has it.
        cpSync(join(repository, source), to, {
          recursive: true,
          filter: (path) => !/\/(?:node_modules|test)$/.test(path),
        });
      }
    }
    const install = steps.find(({ name, text: run }) => name === 'RUN' && run.startsWith('pnpm install'))?.text ?? '';
    execFileSync('bash', ['-c', `${install} --offline`], { cwd: image, stdio: 'pipe' });
    const command = [...(JSON.parse(last('ENTRYPOINT')) as string[]), ...(JSON.parse(last('CMD')) as string[])];
    const here = command.map((word) =>
      word
        .replace('/srv/tallystick', image)
        .replace('/var/lib/tallystick-relay', join(folder, 'data'))
        .replace(/^0\.0\.0\.0$/, '127.0.0.1')
        .replace(/^7101$|^0\.0\.0\.0:9101$/, '0')
        .replace(/^5$/, '0'),
    );
    const relay = spawn(process.execPath, here.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    ends.push(() => relay.kill('SIGKILL'));
    const lines = createInterface({ input: relay.stderr })[Symbol.asyncIterator]();
    const { url } = JSON.parse(String((await lines.next()).value)) as { url: string };
    expect(await askHealth(url, 10)).toBe('ready');
    relay.kill('SIGTERM');
    const [code] = (await once(relay, 'exit')) as [number];
    expect(code).toBe(0);
    expect(existsSync(join(folder, 'data/relay.key'))).toBe(true);
  });
});

const asFirst = ['--user', '--map-root-user', '--pid', '--fork'];
const canBeFirst = spawnSync('unshare', [...asFirst, 'true']).status === 0;

describe.skipIf(isMissing('unshare with namespaces', canBeFirst))('the first process of a container', () => {
  it('ends at a signal, whatever it was run for', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    ends.push(() => silent.close());
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    // Whoever is outside of its namespace cannot ask for its number: it gets its signal when `unshare` is killed.
    const asking = [process.execPath, join(repository, 'apps/relay/src/main.ts'), 'health', url, '--wait', '600'];
    const outside = spawn('unshare', [...asFirst, '--kill-child=SIGTERM', ...asking], { stdio: 'pipe' });
    await once(silent, 'connection');
    outside.kill('SIGKILL');
    // Whoever is inside has its end of the pipe until it ends.
    await once(outside, 'close');
  });
});

describe.skipIf(isMissing('systemd-analyze', existsSync('/usr/bin/systemd-analyze')))('the unit', () => {
  /** With the paths of this machine in place of those of the machine that it is for. */
  function judge(unit: string): { readonly errors: string; readonly exposure: number } {
    const path = join(folder, 'tallystick-relay.service');
    writeFileSync(path, unit.replaceAll('/usr/bin/node', process.execPath).replaceAll('/srv/tallystick', repository));
    const verified = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    const security = ['security', '--offline=true', '--no-pager', path];
    const said = spawnSync('systemd-analyze', security, { encoding: 'utf8' }).stdout;
    return { errors: verified.stderr, exposure: Number(/exposure level .*: ([\d.]+)/.exec(said)?.[1] ?? 10) };
  }

  it('is what systemd takes for one, and exposes little', () => {
    const unit = deployed('tallystick-relay.service');
    const { errors, exposure } = judge(unit);
    expect(errors).toBe('');
    expect(unit).toContain('\nEnvironment=MALLOC_ARENA_MAX=2\n');
    expect(exposure).toBeLessThanOrEqual(1.5);
    expect(judge(unit.replace('ProtectHome', 'ProtectHouse')).errors).toContain('ProtectHouse');
    expect(judge(unit.replaceAll(/^(?:Protect|Restrict|Private|SystemCall|Cap).*$/gm, '')).exposure).toBeGreaterThan(4);
  });
});
