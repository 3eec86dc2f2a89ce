// The suffix of a test file is its tier. tools/test.ts runs the tiers in this order:
//   *.test.ts          unit and property tests, no cluster            `npm run check` runs these
//   *.fault.test.ts    the operator on the fault-injecting fake API server, and with hostile objects
//   *.pipeline.test.ts the workflows and manifests under the pinned checkers (tools/checkers); the pipeline's scripts
//   *.docker.test.ts   both images, built and run by Docker
//   *.api.test.ts      against a real API server, no node
//   *.cluster.test.ts  starts and stops its own clusters
//   *.e2e.test.ts      against a node with real pods
//   *.gitops.test.ts   against a node with real pods and Argo CD, which syncs from a local Git repository
const timeouts = {
  unit: 10_000,
  fault: 60_000,
  pipeline: 300_000,
  docker: 300_000,
  api: 120_000,
  cluster: 300_000,
  e2e: 300_000,
  gitops: 300_000,
};
// By default jest leaves one core free. Unit tests mostly wait for child processes, and tests of clusters for pods.
// E2E tests also measure capacity and probes; beside two files, one of test/e2e/exclusive runs (tools/verification.ts).
// The GitOps files with a cluster all start at once: the longest waits three minutes.
const workers = { unit: "100%", fault: "100%", pipeline: 2, cluster: 3, e2e: 2, gitops: 6 };
const tier = process.env.TIER ?? "unit";
const suffix = tier === "unit" ? "/[^./]+" : `\\.${tier}`;

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testRegex: `${suffix}\\.test\\.ts$`,
  // swc emits CommonJS, because jest's own ESM mode can't load this set of packages. With `importInterop: "node"` the
  // default export of a CommonJS package is the same in jest and in Node.
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
  // swc also transforms these packages, because they contain only ES modules.
  transformIgnorePatterns: [
    "/node_modules/(?!(@kubernetes/client-node|socks-proxy-agent|agent-base|https-proxy-agent|openid-client|oauth4webapi|jose|hono|@hono/node-server|commander|yaml|js-yaml|fast-check|pure-rand)/)",
  ],
  cacheDirectory: "<rootDir>/node_modules/.cache/jest",
  testTimeout: timeouts[tier],
  ...(tier in workers && { maxWorkers: workers[tier] }),
};
