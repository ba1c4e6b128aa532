import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library(['index', 'hashing', 'node', 'op-proof']);

export default config;
