// `node tools/run.mjs tools/bench/measuring.ts`: what it costs to read the counters of 100 canaries of 4 pods. The pods are
// one HTTP server in a process of its own that serves the web app's counters.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Measurer } from "../../operator/controller/measure.ts";
import { type Measuring, lookMs } from "../../operator/core/analysis/pods.ts";
import { firstAnalysis } from "../../operator/core/analysis/state.ts";
import { analysisOf } from "../../operator/core/defaults.ts";
import type { Pod } from "../../operator/core/observed.ts";
import { demoAppSpec } from "../../operator/api/schema.ts";
import { realClock } from "../../operator/runtime/clock.ts";
import { scrape } from "../../operator/runtime/scrape.ts";

const [apps, podsOfEach, looks, concurrency] = [100, 4, 5, 8];

/** Each answer has 20 more requests than the one before. */
const server = `
import { createServer } from "node:http";
import { createApp } from ${JSON.stringify(import.meta.resolve("../../webapp/app.ts"))};
import { loadConfig } from ${JSON.stringify(import.meta.resolve("../../webapp/config.ts"))};
const app = createApp(loadConfig({ LOG_LEVEL: "silent" }));
for (const path of ["/", "/version", "/health", "/none"]) await app.request(path);
const text = await (await app.request("/metrics")).text();
let count = 0;
createServer((_, response) => {
  count += 20;
  response.end(text.replace(/^(http_requests_total{[^}]*}) 1$/gm, "$1 " + count));
}).listen(0, "127.0.0.1", function () { console.log(this.address().port, text.length); });
`;

const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", server], {
  stdio: ["pipe", "pipe", "inherit"],
});
const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
const [port = 0, bytes = 0] = line.split(" ").map(Number);

const spec = demoAppSpec.parse({ image: "app:1", port, strategy: { type: "Canary" }, analysis: {} });
const settings = analysisOf(spec);
if (settings === undefined) throw new Error("the spec has an analysis");
const since = new Date(Date.now() - 60_000).toISOString();
const pods = (["stable", "candidate"] as const).flatMap((track) =>
  Array.from({ length: podsOfEach }, (_, i): Pod => {
    const uid = `${track}-${i}`;
    const container = { name: "app", ready: true, restarts: 0, runningSince: since };
    return {
      name: uid,
      uid,
      hash: track,
      track,
      restarts: "",
      createdAt: since,
      deleting: false,
      ready: true,
      readinessSince: since,
      address: "127.0.0.1",
      unschedulable: undefined,
      containers: [{ ...container, waiting: undefined, terminated: undefined }],
    };
  }),
);

const measurer = new Measurer({
  clock: realClock,
  scrape,
  isForbidden: () => false,
  podsOf: () => pods,
  queue: { addAfter: () => undefined, forget: () => undefined },
  wake: () => undefined,
});
const keys = Array.from({ length: apps }, (_, i) => `team/app-${i}`);
for (const key of keys) {
  const measuring: Measuring = {
    settings,
    analysis: firstAnalysis(2, settings, Date.now()),
    hashes: { stable: "stable", candidate: "candidate" },
    ownPerSecond: 0,
  };
  measurer.follow(key, measuring);
}

/** One look at each app, a few at a time. */
async function lookAtAll(): Promise<void> {
  const waiting = [...keys];
  const work = async (): Promise<void> => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) await measurer.look(key);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

const mib = (): string => `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`;
const idle = mib();
await lookAtAll();
const before = process.cpuUsage();
const startedMs = performance.now();
for (let n = 0; n < looks; n += 1) await lookAtAll();
const { user, system } = process.cpuUsage(before);
const cpuMs = (user + system) / 1000 / looks;
const counted = measurer.analysisOf("team/app-0")?.metrics.errors?.evidence.looks;
child.kill();
console.log(
  `answer: ${bytes} bytes; ${apps} apps with ${podsOfEach} pods of each version; looks counted: ${counted}`,
);
console.log(
  `CPU per look at all apps: ${cpuMs.toFixed(0)} ms, ${((cpuMs / lookMs) * 100).toFixed(1)} % of a core`,
);
console.log(`time per look at all apps: ${((performance.now() - startedMs) / looks).toFixed(0)} ms`);
console.log(`RSS: ${mib()}, before the first look ${idle}`);
