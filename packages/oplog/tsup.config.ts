import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library(['index', 'file', 'memory', 'node', 'open-file', 'strict', 'transport']);

export default config;
