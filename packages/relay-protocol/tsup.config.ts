import type { Options } from 'tsup';
import { library } from '../../scripts/tsup.ts';

const config: Options = library([
  'index',
  'client',
  'conformance',
  'contract',
  'federation',
  'keys',
  'mirror',
  'nats',
  'node',
  'postgres',
  'proof',
  'reception',
]);

export default config;
