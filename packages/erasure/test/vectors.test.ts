import { runVectors } from './vectors.ts';

runVectors();
