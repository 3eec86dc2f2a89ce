import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The bytes on the heap after a garbage collection. */
export function usedHeap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
