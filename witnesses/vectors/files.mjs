// @ts-nocheck: plain JavaScript on purpose, as an implementer in another language would begin.
// Where the vectors lie. All other files of the checker import node:crypto and one another, and nothing else.
import { readdirSync, readFileSync } from 'node:fs';

const fixtures = new URL('../../fixtures/', import.meta.url);
export const readText = (path) => readFileSync(new URL(path, fixtures), 'utf8');

/** By file name, without `.json`; of kernel/ none, whose history is judged by its fold. */
export function readVectors() {
  const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json') && !file.startsWith('kernel'))
    .map((file) => file.replace('.json', ''))
    .sort();
  return files.map((file) => [file, JSON.parse(readText(`${file}.json`))]);
}
