import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { compareQuantities } from "../../../operator/api/quantity.ts";
import { completeResources, countOf, floorOf, rollingUpdateOf } from "../../../operator/core/defaults.ts";
import { spec } from "./objects.ts";

describe("requests and limits of the container", () => {
  const requests = { cpu: "100m", memory: "128Mi" };
  const limits = { cpu: "250m", memory: "256Mi" };

  test.each([
    { name: "resources are not set: the defaults apply", given: undefined, expect: { requests, limits } },
    {
      name: "requests and limits are empty: the defaults apply",
      given: { requests: {}, limits: {} },
      expect: { requests, limits },
    },
    {
      name: "a request is above the default limit: only the limit of that resource is raised",
      given: { requests: { cpu: "500m" } },
      expect: { requests: { ...requests, cpu: "500m" }, limits: { ...limits, cpu: "500m" } },
    },
    {
      name: "a request is below the default limit: the limit does not change",
      given: { requests: { memory: "200Mi" } },
      expect: { requests: { ...requests, memory: "200Mi" }, limits },
    },
    {
      name: "a limit is below the default request: only the request of that resource is lowered",
      given: { limits: { memory: "64Mi" } },
      expect: { requests: { ...requests, memory: "64Mi" }, limits: { ...limits, memory: "64Mi" } },
    },
    {
      name: "a request of 0.3 CPU is above the default limit of 250m: the limit is raised",
      given: { requests: { cpu: "0.3" } },
      expect: { requests: { ...requests, cpu: "0.3" }, limits: { ...limits, cpu: "0.3" } },
    },
    {
      name: "a limit has no default request: no request is added",
      given: { limits: { "nvidia.com/gpu": "1" } },
      expect: { requests, limits: { ...limits, "nvidia.com/gpu": "1" } },
    },
  ])("$name", ({ given, expect: expected }) => {
    expect(completeResources(given)).toEqual(expected);
  });

  test("a request and a limit are valid: no completed request is above its completed limit", () => {
    const amount = fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined });
    fc.assert(
      fc.property(amount, amount, (request, limit) => {
        fc.pre(request === undefined || limit === undefined || request <= limit);
        const { requests: lower, limits: upper } = completeResources({
          ...(request !== undefined && { requests: { cpu: `${request}m` } }),
          ...(limit !== undefined && { limits: { cpu: `${limit}m` } }),
        });
        expect(compareQuantities(String(lower["cpu"]), String(upper["cpu"]))).toBeLessThanOrEqual(0);
      }),
    );
  });
});

test.each([
  { value: 3, replicas: 10, round: "up" as const, expected: 3 },
  { value: "25%", replicas: 10, round: "up" as const, expected: 3 },
  { value: "25%", replicas: 10, round: "down" as const, expected: 2 },
  { value: "25%", replicas: 1, round: "up" as const, expected: 1 },
  { value: "25%", replicas: 1, round: "down" as const, expected: 0 },
  { value: "100%", replicas: 7, round: "down" as const, expected: 7 },
  { value: "25%", replicas: 0, round: "up" as const, expected: 0 },
])("$value of $replicas replicas, rounded $round: $expected pods", ({ value, replicas, round, expected }) => {
  expect(countOf(value, replicas, round)).toBe(expected);
});

describe("the fewest pods that must be available", () => {
  test.each([
    {
      name: "maxUnavailable is not set: all replicas must be available",
      replicas: 4,
      rollingUpdate: undefined,
      floor: 4,
    },
    {
      name: "maxUnavailable is 1: one pod may be missing",
      replicas: 4,
      rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
      floor: 3,
    },
    {
      name: "maxUnavailable is a percentage: it is rounded down",
      replicas: 5,
      rollingUpdate: { maxUnavailable: "30%" },
      floor: 4,
    },
    {
      name: "maxSurge and maxUnavailable both round to 0: one pod may be missing",
      replicas: 3,
      rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" },
      floor: 2,
    },
    {
      name: "maxUnavailable is above the replicas: the minimum is 0",
      replicas: 2,
      rollingUpdate: { maxUnavailable: 5 },
      floor: 0,
    },
    {
      name: "the app has no replicas: the minimum is 0",
      replicas: 0,
      rollingUpdate: undefined,
      floor: 0,
    },
  ])("$name", ({ replicas, rollingUpdate, floor }) => {
    const limits = rollingUpdateOf(spec({ replicas, strategy: { rollingUpdate } }));
    expect(floorOf(replicas, limits)).toBe(floor);
  });
});
