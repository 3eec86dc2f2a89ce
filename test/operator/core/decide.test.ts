import { describe, expect, test } from "@jest/globals";
import { crashing, revision, startMs, unready } from "./objects.ts";
import {
  decided,
  type OutcomeCase,
  accepted2,
  commanded,
  deploymentOf,
  observedApp,
  outcomes,
  rejected2,
  appOf,
  v1,
  v2,
} from "./situations.ts";

describe("start of a rollout", () => {
  test.each<OutcomeCase>([
    {
      name: "an app is new: rollout 1 starts",
      before: { app: appOf("app:1") },
      expect: { "app:1": "1 running" },
    },
    {
      name: "a new image is requested: the next rollout starts",
      before: { app: appOf("app:2"), revisions: [v1] },
      expect: { "app:1": "1 accepted", "app:2": "2 running" },
    },
    {
      name: "a revision accepted before the stable one is requested: a new rollout starts",
      before: { app: appOf("app:1"), revisions: [v1, accepted2] },
      expect: { "app:2": "2 accepted", "app:1": "3 running" },
    },
    {
      name: "a superseded revision is requested: a new rollout starts",
      before: { app: appOf("app:2"), revisions: [v1, revision("app:2", 2, "superseded")] },
      expect: { "app:1": "1 accepted", "app:2": "3 running" },
    },
    {
      name: "a retry names the rollout of a rejected revision: a new rollout starts",
      before: { app: commanded("app:2", { retry: "2" }), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "3 running" },
    },
    {
      name: "the revisions have rollouts 7 and 2: rollout 8 starts",
      before: { app: appOf("app:3"), revisions: [revision("app:1", 7, "accepted"), rejected2] },
      expect: { "app:1": "7 accepted", "app:2": "2 rejected CrashLoop", "app:3": "8 running" },
    },
    {
      name: "another image is requested during a rollout: the running rollout is superseded",
      before: { app: appOf("app:3"), revisions: [v1, v2], deployment: deploymentOf(v2) },
      expect: { "app:1": "1 accepted", "app:2": "2 superseded", "app:3": "3 running" },
    },
  ])("$name", ({ before, expect: expected }) => {
    expect(outcomes(observedApp(before))).toEqual(expected);
  });

  test("an earlier revision is requested again: its stored pod template is kept, not rendered again", () => {
    const stored = { ...accepted2, template: { ...accepted2.template, from: "an older operator" } };
    const newer = revision("app:1", 3, "accepted");
    const after = decided(observedApp({ app: appOf("app:2"), revisions: [newer, stored] }), startMs);
    expect(after.revisions.find(({ image }) => image === "app:2")?.template).toBe(stored.template);
  });
});

describe("requests during a pause, and requests without a rollout", () => {
  test.each<OutcomeCase>([
    {
      name: "the stable revision is requested: no rollout starts",
      before: { app: appOf("app:2"), revisions: [v1, accepted2] },
      expect: { "app:1": "1 accepted", "app:2": "2 accepted" },
    },
    {
      name: "a rejected revision is requested: no rollout starts",
      before: { app: appOf("app:2"), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "a retry names an older rollout of a rejected revision: no rollout starts",
      before: { app: commanded("app:2", { retry: "2" }), revisions: [v1, revision("app:2", 3, "rejected")] },
      expect: { "app:1": "1 accepted", "app:2": "3 rejected CrashLoop" },
    },
    {
      name: "a retry of a rejected revision names a future rollout: no rollout starts",
      before: { app: commanded("app:2", { retry: "3" }), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "a retry names the rollout of the stable revision: no rollout starts",
      before: { app: commanded("app:1", { retry: "1" }), revisions: [v1] },
      expect: { "app:1": "1 accepted" },
    },
    {
      name: "a new image is requested while the app is paused: no rollout starts",
      before: { app: commanded("app:2", { paused: "true" }), revisions: [v1] },
      expect: { "app:1": "1 accepted" },
    },
    {
      name: "a retry names a rejected rollout while the app is paused: no rollout starts",
      before: { app: commanded("app:2", { paused: "true", retry: "2" }), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "the stable revision is requested during a rollout: the running rollout is superseded",
      before: { app: appOf("app:1"), revisions: [v1, v2], deployment: deploymentOf(v2) },
      expect: { "app:1": "1 accepted", "app:2": "2 superseded" },
    },
    {
      name: "another image is requested during a paused rollout: the rollout goes on and is accepted, none starts",
      before: {
        app: commanded("app:3", { paused: "true" }),
        revisions: [v1, v2],
        deployment: deploymentOf(v2),
      },
      expect: { "app:1": "1 accepted", "app:2": "2 accepted" },
    },
    {
      name: "the stable revision is requested again during a paused rollout: the rollout is superseded",
      before: {
        app: commanded("app:1", { paused: "true" }),
        revisions: [v1, v2],
        deployment: deploymentOf(v2),
      },
      expect: { "app:1": "1 accepted", "app:2": "2 superseded" },
    },
  ])("$name", ({ before, expect: expected }) => {
    expect(outcomes(observedApp(before))).toEqual(expected);
  });

  test("a first install is paused: the rollout starts, because no other version serves", () => {
    expect(outcomes(observedApp({ app: commanded("app:1", { paused: "true" }) }))).toEqual({
      "app:1": "1 running",
    });
  });

  test("the app is paused during a rollout: the rollout can be accepted or rejected", () => {
    const before = {
      app: commanded("app:2", { paused: "true" }),
      revisions: [v1, v2],
      deployment: deploymentOf(v2),
    };
    expect(outcomes(observedApp(before))).toEqual({ "app:1": "1 accepted", "app:2": "2 accepted" });
    const pods = [unready("b", v2, crashing("no luck", -5))];
    expect(outcomes(observedApp({ ...before, pods }))["app:2"]).toBe("2 rejected CrashLoop");
  });
});
