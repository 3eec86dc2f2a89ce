import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Reported } from "./objects.ts";
import { startLoad } from "./load.ts";
import { expectStableAlone } from "./steppedrollouts.ts";
import { TestNamespace } from "./testnamespace.ts";

let ns: TestNamespace;
const stops: (() => Promise<unknown>)[] = [];

/** Half of the pods, until the evidence is enough. */
const strategy = { type: "Canary", canary: { steps: [{ setWeight: 50 }, { analysis: {} }] } };
const env = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables).map(([name, value]) => ({ name, value }));
const failing = (share: number) => env({ FAULT_ERROR_RATE: `${share}` });

/** An app with other names of counters, gRPC codes, and a histogram whose bounds are not those of the limit. */
const otherApp = `
const { createServer } = require("node:http");
let [ok, bad, fast] = [0, 0, 0];
const share = Number(process.env.SHARE);
createServer((request, response) => {
  if (request.url === "/stats/counters")
    return response.end([
      '# TYPE rpc_handled counter',
      'rpc_handled{grpc_code="OK",grpc_service="shop"} ' + ok,
      'rpc_handled{grpc_code="Internal",grpc_service="shop"} ' + bad,
      'rpc_seconds_bucket{le="0.2",grpc_service="shop"} ' + fast,
      'rpc_seconds_bucket{le="0.7",grpc_service="shop"} ' + (ok + bad),
      'rpc_seconds_bucket{le="+Inf",grpc_service="shop"} ' + (ok + bad),
    ].join("\\n"));
  if (request.url !== "/") return response.end();
  const isBad = Math.random() < share;
  if (isBad) bad += 1; else ok += 1;
  fast += 1;
  response.end(JSON.stringify({ version: "other" }));
}).listen(8080);
process.on("SIGTERM", () => process.exit(0));
`;
const other = {
  pod: { command: ["/nodejs/bin/node", "-e", otherApp] },
  analysis: {
    latency: { aboveMilliseconds: 300, max: "1%" },
    endpoint: {
      path: "/stats/counters",
      requests: "rpc_handled",
      codeLabel: "grpc_code",
      errorCodes: "Internal|Unavailable",
      duration: "rpc_seconds",
      ignore: [{ label: "grpc_service", values: ["grpc.health.v1.Health"] }],
    },
  },
};

interface Case {
  /** The fields of the version before, and of the new one. */
  readonly before?: object;
  readonly after: object;
  readonly fields?: object;
  readonly callers?: number;
}

const cases: Readonly<Record<string, Case>> = {
  errors: { after: { env: failing(0.1) } },
  good: { after: { env: failing(0.005) }, callers: 4 },
  slow: {
    after: { env: env({ FAULT_LATENCY_MS: "600" }) },
    fields: { analysis: { latency: { aboveMilliseconds: 300, max: "1%" } } },
  },
  down: { before: { env: failing(0.2) }, after: { env: failing(0.201) } },
  switched: {
    after: { env: failing(0.2) },
    fields: { strategy: { type: "BlueGreen", blueGreen: { holdSeconds: 1 } } },
  },
  quiet: { after: { env: failing(0.001) }, callers: 0 },
  other: { before: { env: env({ SHARE: "0" }) }, after: { env: env({ SHARE: "0.2" }) }, fields: other },
};

const specOf = ({ fields }: Case, version: object = {}) => ({
  replicas: 1,
  strategy,
  analysis: {},
  ...fields,
  ...version,
});

/** Decisions need a minute: pods warm up for 30 s, and a look takes 10 s. */
const decisionMs = 280_000;

/** Near the limit, one version in twenty takes twice as long as the others (docs/analysis.md). */
const nearLimitMs = 560_000;

const decided = (name: string, phase: "Degraded" | "Healthy", deadlineMs = decisionMs): Promise<Reported> =>
  ns.until(
    name,
    ({ status }) => status.phase === phase && status.history[0]?.rollout === 2 && status.step === undefined,
    deadlineMs,
  );

/** All rollouts begin together, and each test waits for one of them. */
beforeAll(async () => {
  ns = await TestNamespace.open("analysis");
  const all = Object.entries(cases);
  await Promise.all(all.map(([name, one]) => ns.apply(name, specOf(one, one.before))));
  await Promise.all(all.map(([name]) => ns.healthy(name)));
  for (const [name, { callers = 2 }] of all) {
    if (callers === 0) continue;
    const { spec } = await ns.service(name);
    stops.push(await startLoad(ns.cluster, `http://${spec.clusterIP}/`, callers));
  }
  await Promise.all(all.map(([name, one]) => ns.apply(name, specOf(one, one.after))));
}, 180_000);
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await ns.close();
});

test("a version that fails 10 % of its requests is rejected, with the numbers", async () => {
  const { status } = await decided("errors", "Degraded");
  expect(status.rejected[0]).toMatchObject({
    reason: "TooManyErrors",
    message: expect.stringMatching(/^\d+ of \d+ requests failed \(.* %; stable 0 %, limit 1 %\)$/),
  });
  await expectStableAlone(ns, "errors");
});

test("a slow version is rejected", async () => {
  const { status } = await decided("slow", "Degraded");
  expect(status.rejected[0]).toMatchObject({
    reason: "TooSlow",
    message: expect.stringMatching(
      /^\d+ of \d+ requests took more than 0.5 s \(.*0.5 s is the next bound of the histogram/,
    ),
  });
});

test("counters of other names and codes are judged as well", async () => {
  const { status } = await decided("other", "Degraded");
  expect(status.rejected[0]).toMatchObject({ reason: "TooManyErrors" });
});

test("blue-green: a version that fails loses the traffic in the hold", async () => {
  const { status } = await decided("switched", "Degraded");
  expect(status.rejected[0]).toMatchObject({ reason: "TooManyErrors" });
  await expectStableAlone(ns, "switched");
});

test("a version that fails 0.5 % under a limit of 1 % is accepted on evidence", async () => {
  const { status } = await decided("good", "Healthy", nearLimitMs);
  expect(status.history[0]).toMatchObject({ rollout: 2, outcome: "Accepted" });
  expect(status.history[0]).not.toHaveProperty("reason");
}, 580_000);

test("a dependency is down for both versions: neither rejected nor accepted, and the message says why", async () => {
  const { status } = await ns.until(
    "down",
    ({ status: { message = "" } }) => message.includes("stable itself is over the limit"),
    decisionMs,
  );
  expect(status).toMatchObject({ phase: "Progressing", step: { name: "analysis" } });
  expect(status.rejected).toEqual([]);
});

test("no traffic: it waits and says so", async () => {
  const { status } = await ns.until(
    "quiet",
    ({ status: { blockers } }) => blockers.some(({ reason }) => reason === "NoTraffic"),
    decisionMs,
  );
  expect(status).toMatchObject({ phase: "Progressing", step: { name: "analysis" } });
});
