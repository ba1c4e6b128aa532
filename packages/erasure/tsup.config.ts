import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library(['index', 'node']);

export default config;
