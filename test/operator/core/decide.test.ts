import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../operator/core/decide.ts";
import { crashing, revision, startMs, unready } from "./objects.ts";
import {
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

describe("a rollout starts", () => {
  test.each<OutcomeCase>([
    {
      name: "at first sight, as number 1",
      before: { app: appOf("app:1") },
      expect: { "app:1": "1 running" },
    },
    {
      name: "for a new image, with the next number",
      before: { app: appOf("app:2"), revisions: [v1] },
      expect: { "app:1": "1 accepted", "app:2": "2 running" },
    },
    {
      name: "for an earlier version that is asked for again, as it was accepted before another",
      before: { app: appOf("app:1"), revisions: [v1, accepted2] },
      expect: { "app:2": "2 accepted", "app:1": "3 running" },
    },
    {
      name: "for a version that was overtaken before it was decided",
      before: { app: appOf("app:2"), revisions: [v1, revision("app:2", 2, "superseded")] },
      expect: { "app:1": "1 accepted", "app:2": "3 running" },
    },
    {
      name: "for a rejected version whose number a retry names",
      before: { app: commanded("app:2", { retry: "2" }), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "3 running" },
    },
    {
      name: "with a number above every one given, whichever revision has it",
      before: { app: appOf("app:3"), revisions: [revision("app:1", 7, "accepted"), rejected2] },
      expect: { "app:1": "7 accepted", "app:2": "2 rejected CrashLoop", "app:3": "8 running" },
    },
    {
      name: "and one that was under way gives way",
      before: { app: appOf("app:3"), revisions: [v1, v2], deployment: deploymentOf(v2) },
      expect: { "app:1": "1 accepted", "app:2": "2 superseded", "app:3": "3 running" },
    },
  ])("$name", ({ before, expect: expected }) => {
    expect(outcomes(observedApp(before))).toEqual(expected);
  });

  test("with the template that was stored for it, not with today's rendering", () => {
    const stored = { ...accepted2, template: { ...accepted2.template, from: "an older operator" } };
    const newer = revision("app:1", 3, "accepted");
    const after = decide(observedApp({ app: appOf("app:2"), revisions: [newer, stored] }), startMs);
    expect(after.revisions.find(({ image }) => image === "app:2")?.template).toBe(stored.template);
  });
});

describe("no rollout starts", () => {
  test.each<OutcomeCase>([
    {
      name: "of the version that was accepted last",
      before: { app: appOf("app:2"), revisions: [v1, accepted2] },
      expect: { "app:1": "1 accepted", "app:2": "2 accepted" },
    },
    {
      name: "of a rejected version, however often it is looked at",
      before: { app: appOf("app:2"), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "of a rejected version for a retry that names an older rollout: it failed again",
      before: { app: commanded("app:2", { retry: "2" }), revisions: [v1, revision("app:2", 3, "rejected")] },
      expect: { "app:1": "1 accepted", "app:2": "3 rejected CrashLoop" },
    },
    {
      name: "of a rejected version for a retry that names a rollout to come",
      before: { app: commanded("app:2", { retry: "3" }), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "of an accepted version for a retry",
      before: { app: commanded("app:1", { retry: "1" }), revisions: [v1] },
      expect: { "app:1": "1 accepted" },
    },
    {
      name: "while paused",
      before: { app: commanded("app:2", { paused: "true" }), revisions: [v1] },
      expect: { "app:1": "1 accepted" },
    },
    {
      name: "while paused, not even of what a retry names",
      before: { app: commanded("app:2", { paused: "true", retry: "2" }), revisions: [v1, rejected2] },
      expect: { "app:1": "1 accepted", "app:2": "2 rejected CrashLoop" },
    },
    {
      name: "when Git goes back to what was accepted last: what was under way gives way",
      before: { app: appOf("app:1"), revisions: [v1, v2], deployment: deploymentOf(v2) },
      expect: { "app:1": "1 accepted", "app:2": "2 superseded" },
    },
    {
      name: "while paused, and what was under way gives way to what is asked for now",
      before: {
        app: commanded("app:3", { paused: "true" }),
        revisions: [v1, v2],
        deployment: deploymentOf(v2),
      },
      expect: { "app:1": "1 accepted", "app:2": "2 superseded" },
    },
  ])("$name", ({ before, expect: expected }) => {
    expect(outcomes(observedApp(before))).toEqual(expected);
  });

  test("paused holds back no first install, as there is nothing to wait beside", () => {
    expect(outcomes(observedApp({ app: commanded("app:1", { paused: "true" }) }))).toEqual({
      "app:1": "1 running",
    });
  });

  test("paused holds back no rollout that is under way, and no rejection of it", () => {
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
