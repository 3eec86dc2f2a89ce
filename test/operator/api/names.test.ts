import { describe, expect, test } from "@jest/globals";
import * as names from "../../../operator/api/names.ts";

describe("the names of an app's objects", () => {
  test("the Deployment and the Service: they have the name of the app", () => {
    expect([names.deploymentName("web", "stable"), names.serviceName("web")]).toEqual(["web", "web"]);
  });

  test("the longest app name with a suffix: at most the 63 characters of a label value", () => {
    const longest = "a".repeat(names.maxNameLength);
    for (const suffix of names.reservedSuffixes) expect(`${longest}${suffix}`.length).toBeLessThanOrEqual(63);
  });
});

test("a selector: only labels that never change, so without the hash", () => {
  expect(names.selectorOf("web", "stable")).toEqual({
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/managed-by": "demoapp-operator",
    "demoapp.dev/track": "stable",
  });
});
