// Runs a file of yours with the Node of the toolchain, which reads TypeScript as it stands: `npm run --silent node -- shop.ts`. Inside the clone
// the file finds the packages by their names.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file] = process.argv.slice(2);
const path = resolve(file ?? '');
if (file === undefined || !existsSync(path)) {
  process.stderr.write(`node: ${file === undefined ? 'name a file to run' : `there is no file ${path}`}\n`);
  process.exit(2);
}
process.argv.splice(1, 2, path);
await import(pathToFileURL(path).href);
