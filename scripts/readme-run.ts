// Follows a README to the letter: runs its `sh` blocks in one shell and compares what each prints with the `text` block after it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

interface ReadmeStep {
  readonly commands: string;
  /** What the README says they print; undefined where it says nothing. */
  readonly prints: string | undefined;
}

/** The `sh` blocks after the heading `## heading` and up to the next one. */
export function readmeSteps(text: string, heading: string): readonly ReadmeStep[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, language, commands = ''], index) => {
    if (language !== 'sh') return [];
    const next = blocks[index + 1];
    return [{ commands, prints: next?.[1] === 'text' ? next[2] : undefined }];
  });
}

/** Runs the steps in `folder`. Rejects at the first that fails, or prints something else. */
export async function followReadme(
  steps: readonly ReadmeStep[],
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  if (steps.length === 0) throw new Error('the README has no commands to follow');
  const shell = spawn('bash', ['-e'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const lines = createInterface({ input: shell.stdout });
  // What runs in the background belongs to the shell's group, and would hold its output open for ever.
  const endGroup = (): boolean => shell.pid !== undefined && endGroupOf(shell.pid);
  const ended = new Promise<void>((resolve) => shell.once('exit', () => resolve(void endGroup())));
  const said = lines[Symbol.asyncIterator]();
  try {
    for (const { commands, prints } of steps) {
      shell.stdin.write(`${commands}\necho ${endMark}\n`);
      const printed = await readTo(said, commands);
      if (prints !== undefined && printed !== prints)
        throw new Error(`these commands:\n${commands}should print:\n${prints}but print:\n${printed}`);
    }
  } finally {
    endGroup();
    await ended;
  }
}

/** False when nobody of the group is left. */
function endGroupOf(leader: number): boolean {
  try {
    return process.kill(-leader, 'SIGTERM');
  } catch {
    return false;
  }
}

const endMark = '--- end of the step';

async function readTo(said: AsyncIterator<string>, commands: string): Promise<string> {
  let printed = '';
  for (;;) {
    const line = await said.next();
    if (line.done === true) throw new Error(`one of these commands failed:\n${commands}`);
    if (line.value === endMark) return printed;
    printed += `${line.value}\n`;
  }
}
