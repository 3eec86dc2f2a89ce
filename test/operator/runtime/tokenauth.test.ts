import { expect, test } from "@jest/globals";
import { ApiError } from "../../../operator/runtime/client.ts";
import type { KubeObject, ObjectInput, ResourceType } from "../../../operator/runtime/kubernetes.ts";
import { createHealthApp } from "../../../operator/runtime/health.ts";
import { createLogger } from "../../../operator/runtime/log.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { createTokenAuth } from "../../../operator/runtime/tokenauth.ts";
import { VirtualClock } from "../../sim/clock.ts";

const prometheus = "10.0.0.7";
const audience = "demoapp-operator";

/** Answers reviews as an API server that knows two users; `reviews` are the received kinds. */
class StubbedReviews {
  readonly clock = new VirtualClock();
  readonly reviews: string[] = [];
  readonly lines: string[] = [];
  readonly bodies: ObjectInput[] = [];
  parallel = 0;
  mostParallel = 0;
  failure: Error | undefined;
  /** While set, reviews wait for it. */
  gate: Promise<void> | undefined;
  users: Record<string, string> = { "token-a": "prometheus", "token-b": "curious" };
  readonly log = createLogger("info", { write: (line: string) => void this.lines.push(line) });

  authorize = this.auth();

  auth(expected = audience) {
    const { client, clock, log } = this;
    return createTokenAuth({ client, audience: expected, path: "/metrics", log, clock });
  }

  get client() {
    return {
      create: async (_: ResourceType, object: ObjectInput): Promise<KubeObject> => {
        this.reviews.push(object.kind);
        this.bodies.push(object);
        this.mostParallel = Math.max(this.mostParallel, (this.parallel += 1));
        try {
          await this.gate;
          if (this.failure !== undefined) throw this.failure;
          return { ...object, status: this.#statusOf(object) } as KubeObject;
        } finally {
          this.parallel -= 1;
        }
      },
    };
  }

  #statusOf({ spec }: ObjectInput & { readonly spec?: unknown }): object {
    const { token, user } = spec as { token?: string; user?: string };
    if (token === undefined) return { allowed: user === "prometheus" };
    const username = this.users[token];
    return username === undefined
      ? { error: `invalid ${token}` }
      : {
          authenticated: true,
          audiences: [audience],
          user: { username, groups: ["g"], uid: "u", extra: {} },
        };
  }
}

const ask = (api: StubbedReviews, token: string, address = prometheus): Promise<number> =>
  api.authorize(`Bearer ${token}`, address);

test.each([
  { name: "a token whose user may get the path", header: "Bearer token-a", expected: 200, asked: 2 },
  { name: "a token whose user may not", header: "Bearer token-b", expected: 403, asked: 2 },
  { name: "an invalid token", header: "Bearer token-x", expected: 401, asked: 1 },
  { name: "no header", header: undefined, expected: 401, asked: 0 },
  { name: "another scheme", header: "Basic dG9rZW4tYQ==", expected: 401, asked: 0 },
  { name: "a token with characters that no token has", header: "Bearer a b", expected: 401, asked: 0 },
])("$name: $expected, after $asked reviews", async ({ header, expected, asked }) => {
  const api = new StubbedReviews();
  expect(await api.authorize(header, prometheus)).toBe(expected);
  expect(api.reviews).toEqual(["TokenReview", "SubjectAccessReview"].slice(0, asked));
});

test("the reviews: the token with the audience, then all that the API server knows of the user", async () => {
  const api = new StubbedReviews();
  await ask(api, "token-a");
  expect(api.bodies).toMatchObject([
    { spec: { token: "token-a", audiences: [audience] } },
    {
      spec: {
        user: "prometheus",
        uid: "u",
        groups: ["g"],
        nonResourceAttributes: { path: "/metrics", verb: "get" },
      },
    },
  ]);
});

test("the API server ignores audiences, or the token has another one: 401", async () => {
  const api = new StubbedReviews();
  expect(await api.auth("another")("Bearer token-a", prometheus)).toBe(401);
  expect(await api.auth("")("Bearer token-a", prometheus)).toBe(200);
  expect(api.bodies[1]).not.toHaveProperty("spec.audiences");
});

test("a verdict is reused for 10 s, then the API server is asked again: a revoked token is refused", async () => {
  const api = new StubbedReviews();
  expect(await Promise.all([ask(api, "token-a"), ask(api, "token-a")])).toEqual([200, 200]);
  api.users = {};
  await api.clock.advance(9_999);
  expect(await ask(api, "token-a")).toBe(200);
  expect(api.reviews).toHaveLength(2);
  await api.clock.advance(1);
  expect(await ask(api, "token-a")).toBe(401);
});

test("the API server fails: 503, logged once until it works again, and the next request asks again", async () => {
  const api = new StubbedReviews();
  const errors = (): number => api.lines.filter((line) => line.includes("can't ask the API server")).length;
  api.failure = new ApiError(403, { message: "tokenreviews is forbidden" });
  expect([await ask(api, "token-a"), await ask(api, "token-b")]).toEqual([503, 503]);
  expect(errors()).toBe(1);
  api.failure = undefined;
  expect(await ask(api, "token-a")).toBe(200);
  api.failure = new Error("again");
  expect(await ask(api, "token-c")).toBe(503);
  expect(errors()).toBe(2);
});

test("whatever happens: no token is logged", async () => {
  const api = new StubbedReviews();
  for (const token of ["token-a", "token-b", "token-x"]) await ask(api, token);
  api.failure = new Error("failed");
  await ask(api, "token-y");
  expect(api.lines).toHaveLength(1);
  expect(api.lines.join("")).not.toMatch(/token-[abxy]/);
});

test("a pod sends thousands of invalid tokens: few reviews at a time, and Prometheus is still answered", async () => {
  const api = new StubbedReviews();
  const { promise, resolve } = Promise.withResolvers<void>();
  api.gate = promise;
  const flood = Array.from({ length: 3_000 }, (_, i) => ask(api, `invalid-${i}`, "10.0.0.66"));
  const scrape = ask(api, "token-a");
  const more = Array.from({ length: 3_000 }, (_, i) => ask(api, `more-${i}`, "10.0.0.66"));
  resolve();
  expect(await scrape).toBe(200);
  const verdicts = await Promise.all([...flood, ...more]);
  expect(api.mostParallel).toBeLessThanOrEqual(4);
  expect(verdicts.filter((verdict) => verdict === 503).length).toBeGreaterThan(5_900);
  expect(api.reviews.length).toBeLessThan(200);
  expect(api.lines).toEqual([]);
});

test.each([
  { verdict: 401 as const, challenge: "Bearer" },
  { verdict: 403 as const, challenge: null },
  { verdict: 503 as const, challenge: null },
])(
  "the verdict is $verdict: the metrics are not sent, and probes stay open",
  async ({ verdict, challenge }) => {
    const authorize = () => Promise.resolve(verdict);
    const app = createHealthApp({ live: {}, ready: {}, metrics: createMetrics(), authorize });
    const response = await app.request("/metrics", {}, {});
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([verdict, challenge]);
    expect(await response.text()).not.toContain("# HELP");
    for (const path of ["/livez", "/readyz"]) expect((await app.request(path)).status).toBe(200);
  },
);
