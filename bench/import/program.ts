/** Imports the module that the argument names, once. */
import { pathToFileURL } from 'node:url';

const url = pathToFileURL(process.argv[2] ?? '').href;
const before = performance.now();
const imported = (await import(url)) as object;
process.stdout.write(JSON.stringify({ ms: performance.now() - before, names: Object.keys(imported).length }));
