import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { compareQuantities } from "../../../operator/api/quantity.ts";
import { completeResources, countOf, floorOf, rollingUpdateOf } from "../../../operator/core/defaults.ts";
import { spec } from "./objects.ts";

describe("resources", () => {
  const requests = { cpu: "100m", memory: "128Mi" };
  const limits = { cpu: "250m", memory: "256Mi" };

  test.each([
    { name: "nothing given: the defaults", given: undefined, expect: { requests, limits } },
    { name: "empty blocks: the defaults", given: { requests: {}, limits: {} }, expect: { requests, limits } },
    {
      name: "a request above the default limit raises the limit of that key only",
      given: { requests: { cpu: "500m" } },
      expect: { requests: { ...requests, cpu: "500m" }, limits: { ...limits, cpu: "500m" } },
    },
    {
      name: "a request below the default limit leaves the limit",
      given: { requests: { memory: "200Mi" } },
      expect: { requests: { ...requests, memory: "200Mi" }, limits },
    },
    {
      name: "a limit below the default request lowers the request of that key only",
      given: { limits: { memory: "64Mi" } },
      expect: { requests: { ...requests, memory: "64Mi" }, limits: { ...limits, memory: "64Mi" } },
    },
    {
      name: "spellings are compared as quantities: 0.3 is above 250m",
      given: { requests: { cpu: "0.3" } },
      expect: { requests: { ...requests, cpu: "0.3" }, limits: { ...limits, cpu: "0.3" } },
    },
    {
      name: "resources that have no default are passed on and gain no partner",
      given: { limits: { "nvidia.com/gpu": "1" } },
      expect: { requests, limits: { ...limits, "nvidia.com/gpu": "1" } },
    },
  ])("$name", ({ given, expect: expected }) => {
    expect(completeResources(given)).toEqual(expected);
  });

  test("completed requests are never above completed limits", () => {
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
])("$value of $replicas rounded $round is $expected", ({ value, replicas, round, expected }) => {
  expect(countOf(value, replicas, round)).toBe(expected);
});

describe("the floor", () => {
  test.each([
    { name: "by default no pod may be missing", replicas: 4, rollingUpdate: undefined, floor: 4 },
    {
      name: "maxUnavailable may be missing",
      replicas: 4,
      rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
      floor: 3,
    },
    {
      name: "a share of maxUnavailable is rounded down, so that it spares pods",
      replicas: 5,
      rollingUpdate: { maxUnavailable: "30%" },
      floor: 4,
    },
    {
      name: "where both round to nothing the Deployment controller takes one",
      replicas: 3,
      rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" },
      floor: 2,
    },
    { name: "it is never below none", replicas: 2, rollingUpdate: { maxUnavailable: 5 }, floor: 0 },
    { name: "of no replicas it is none", replicas: 0, rollingUpdate: undefined, floor: 0 },
  ])("$name", ({ replicas, rollingUpdate, floor }) => {
    const pace = rollingUpdateOf(spec({ replicas, strategy: { rollingUpdate } }));
    expect(floorOf(replicas, pace)).toBe(floor);
  });
});
