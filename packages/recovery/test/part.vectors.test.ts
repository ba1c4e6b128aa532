// The vectors of docs/spec/recovery.md, and the story that every browser tells too, in Node.
import { runStory, runVectors } from './portable.ts';

runVectors();
runStory();
