// Loaded into the operator's process before main.ts (`--import`): replaces the real clock by the fast one of FAST_CLOCK,
// and on SIGUSR2 collects garbage and logs the size of the heap.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { realClock } from "../../../operator/runtime/clock.ts";
import { type FastClockOptions, fastClock } from "../../sim/fastclock.ts";

Object.assign(realClock, fastClock(JSON.parse(process.env["FAST_CLOCK"] ?? "") as FastClockOptions));

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
process.on("SIGUSR2", () => {
  collectGarbage();
  console.log(JSON.stringify({ msg: "heap", bytes: process.memoryUsage().heapUsed }));
});
