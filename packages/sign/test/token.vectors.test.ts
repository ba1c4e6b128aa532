import { runTokenVectors } from './token.vectors.ts';

runTokenVectors();
