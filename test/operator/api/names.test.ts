import { describe, expect, test } from "@jest/globals";
import * as names from "../../../operator/api/names.ts";

describe("the names of an app's children", () => {
  test("are the app's own for the Deployment and the Service that anyone looks for", () => {
    expect([names.deploymentName("web"), names.serviceName("web")]).toEqual(["web", "web"]);
  });

  test("stay within a label's 63 characters for the longest name", () => {
    const longest = "a".repeat(names.maxNameLength);
    for (const suffix of names.reservedSuffixes) expect(`${longest}${suffix}`.length).toBeLessThanOrEqual(63);
  });
});

test("a selector is of labels that never change, so the hash is not in it", () => {
  expect(names.selectorOf("web", "stable")).toEqual({
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/managed-by": "demoapp-operator",
    "demoapp.dev/track": "stable",
  });
});
