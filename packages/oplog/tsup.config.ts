import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library(['file', 'index', 'node', 'transport']);

export default config;
