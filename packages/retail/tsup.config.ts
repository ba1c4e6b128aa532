import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library(['index', 'corrections', 'entitlement', 'scan', 'supply']);

export default config;
