import { describe, expect, test } from "@jest/globals";
import type { ObservedApp } from "../../../operator/core/observed.ts";
import { stableOf, readRevision, renderRevision, surplusOf } from "../../../operator/core/revisions.ts";
import { app, at, observed, owner, revision, spec } from "./objects.ts";

describe("a ControllerRevision", () => {
  test.each(["accepted", "rejected", "superseded", undefined] as const)(
    "a revision with the outcome %s: written and read without a loss",
    (outcome) => {
      const written = revision("app:2", 7, outcome);
      expect(readRevision(written.live)).toEqual(written);
    },
  );

  test("the annotations are lost: the revision has no outcome and starts at the creation", () => {
    const { live } = revision("app:2", 7, "rejected");
    const { annotations: _, ...metadata } = live.metadata;
    const bare = { ...live, metadata: { ...metadata, creationTimestamp: at(-5) } };
    expect(readRevision(bare)).toMatchObject({ rollout: 7, outcome: undefined, startedAt: at(-5) });
  });

  test("the operator's labels or the data are missing: not read as a revision", () => {
    const { live } = revision("app:2", 7);
    expect(readRevision({ ...live, metadata: { name: "x" } })).toBeUndefined();
    expect(readRevision({ ...live, data: {} })).toBeUndefined();
  });

  test("a revision is rendered: the DemoApp owns the object, and the name contains the hash", () => {
    const { hash, live } = revision("app:2", 7);
    expect(renderRevision(app(), revision("app:2", 7))).toEqual(live);
    expect(live.metadata).toMatchObject({ name: `web-${hash}`, ownerReferences: [owner] });
  });
});

describe("revisions beyond the history limit", () => {
  const [v1, v2, v3, v4] = [
    revision("app:1", 1, "accepted"),
    revision("app:2", 2, "rejected"),
    revision("app:3", 3, "accepted"),
    revision("app:4", 4, "superseded"),
  ] as const;
  const withLimit = (revisionHistoryLimit: number): ObservedApp =>
    observed({
      app: app({ spec: spec({ revisionHistoryLimit }) }),
      revisions: [v3, v1, v4, v2],
    }) as ObservedApp;

  test("more revisions than the limit: the oldest are surplus; revisions in use don't count", () => {
    expect(surplusOf(withLimit(1), [v3])).toEqual([v1]);
    expect(surplusOf(withLimit(0), [v3])).toEqual([v2, v1]);
    expect(surplusOf(withLimit(10), [v3])).toEqual([]);
  });

  test("deployed, requested and stable revisions: kept", () => {
    expect(surplusOf(withLimit(0), [v1, v2, v3, undefined])).toEqual([]);
  });

  test("the revision with the highest rollout number: kept, so that the number is not used again", () => {
    expect(surplusOf(withLimit(0), [])).not.toContain(v4);
  });
});

test("several accepted revisions: the stable one has the highest rollout number, whatever the order", () => {
  const newer = revision("app:1", 7, "accepted");
  const others = [revision("app:2", 6, "accepted"), revision("app:3", 8, "rejected"), revision("app:4", 9)];
  expect(stableOf([newer, ...others])).toBe(newer);
  expect(stableOf(others.slice(1))).toBeUndefined();
});
