// A README is followed to the letter: what it says must come out, and what fails or prints something else is seen.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { followReadme, readmeSteps } from '../readme-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallystick-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const readme = (commands: string, prints: string): string =>
  `# x\n\n## Get it\n\n\`\`\`sh\nfalse\n\`\`\`\n\n## Try it\n\n\`\`\`sh\n${commands}\n\`\`\`\n\n\`\`\`text\n${prints}\n\`\`\`\n\n## Go on\n\n\`\`\`sh\nfalse\n\`\`\`\n`;
const follow = (commands: string, prints: string): Promise<void> =>
  followReadme(readmeSteps(readme(commands, prints), 'Try it'), folder);

it('runs the commands under the heading, in one shell', async () => {
  await follow('name=tea\nsleep 60 &\necho $name', 'tea');
});

it('is seen to fail: another output, a failing command, no commands', async () => {
  await expect(follow('echo tea', 'coffee')).rejects.toThrow('should print:\ncoffee\nbut print:\ntea');
  await expect(follow('sleep 60 &\nfalse\necho tea', 'tea')).rejects.toThrow('one of these commands failed');
  await expect(followReadme(readmeSteps(readme('true', ''), 'Elsewhere'), folder)).rejects.toThrow('no commands');
});
