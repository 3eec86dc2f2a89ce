// Test tiers are told apart by the file's suffix (tools/test.ts runs them in this order):
//   *.test.ts          unit and property tests, no cluster            `npm run check` runs these
//   *.fault.test.ts    the operator on the fault-injecting fake API server
//   *.pipeline.test.ts the workflows and manifests under the pinned checkers (tools/checkers)
//   *.api.test.ts      against a real API server, no node
//   *.cluster.test.ts  starts and stops clusters of its own
//   *.e2e.test.ts      against a node with real pods
//   *.gitops.test.ts   the same, with Argo CD syncing from a local Git repository
const timeouts = {
  unit: 10_000,
  fault: 60_000,
  pipeline: 300_000,
  api: 120_000,
  cluster: 300_000,
  e2e: 300_000,
  gitops: 300_000,
};
const tier = process.env.TIER ?? "unit";
const suffix = tier === "unit" ? "/[^./]+" : `\\.${tier}`;

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testRegex: `${suffix}\\.test\\.ts$`,
  // swc emits CommonJS: jest's own ESM mode can't load this set of packages. Our own files see the default
  // export of a CommonJS package as Node does (`importInterop: "node"`), so they run the same in both.
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2024" },
        module: { type: "commonjs", importInterop: "node" },
      },
    ],
    "\\.[cm]?js$": ["@swc/jest", { jsc: { target: "es2024" }, module: { type: "commonjs" } }],
  },
  // Packages that ship ESM only and so have to go through swc as well.
  transformIgnorePatterns: [
    "/node_modules/(?!(@kubernetes/client-node|socks-proxy-agent|agent-base|https-proxy-agent|openid-client|oauth4webapi|jose|hono|@hono/node-server|commander|yaml|js-yaml|fast-check|pure-rand)/)",
  ],
  cacheDirectory: "<rootDir>/node_modules/.cache/jest",
  testTimeout: timeouts[tier],
  // jest leaves a core to itself, which is half of two; unit tests mostly wait for their own processes.
  ...(tier === "unit" && { maxWorkers: "100%" }),
};
