import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library(['index', 'backup', 'browser', 'escrow', 'node', 'sqljs', 'subjects', 'tally']);

export default config;
