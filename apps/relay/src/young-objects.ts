// How V8 keeps what a relay makes for each request. A setting of the whole process, so it is the program's and not the library's.
import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 put every new object among the young ones. By itself it puts those of places whose objects lived long so far among the old ones at once: while a relay is quiet,
 * or hundreds of requests wait for one commit, that is nearly every place that serves a push. There they are dead soon after, and until the next full collection they
 * keep alive, and make old, whatever they refer to: the whole request, its answer, its strings.
 */
export function keepNewObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
