import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library(['index', 'device', 'judging', 'node', 'roster', 'rotation', 'token']);

export default config;
