import { describe, expect, test } from "@jest/globals";
import type { ObservedApp } from "../../../operator/core/observed.ts";
import { stableOf, readRevision, renderRevision, surplusOf } from "../../../operator/core/revisions.ts";
import { app, at, observed, owner, revision, spec } from "./objects.ts";

describe("a ControllerRevision", () => {
  test.each(["accepted", "rejected", "superseded", undefined] as const)(
    "keeps all of a revision: %s",
    (outcome) => {
      const written = revision("app:2", 7, outcome);
      expect(readRevision(written.live)).toEqual(written);
    },
  );

  test("that lost its notes is one that is not decided", () => {
    const { live } = revision("app:2", 7, "rejected");
    const { annotations: _, ...metadata } = live.metadata;
    const bare = { ...live, metadata: { ...metadata, creationTimestamp: at(-5) } };
    expect(readRevision(bare)).toMatchObject({ rollout: 7, outcome: undefined, startedAt: at(-5) });
  });

  test("of somebody else is none of ours", () => {
    const { live } = revision("app:2", 7);
    expect(readRevision({ ...live, metadata: { name: "x" } })).toBeUndefined();
    expect(readRevision({ ...live, data: {} })).toBeUndefined();
  });

  test("belongs to the DemoApp and is named by its hash", () => {
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
  const of = (revisionHistoryLimit: number): ObservedApp =>
    observed({
      app: app({ spec: spec({ revisionHistoryLimit }) }),
      revisions: [v3, v1, v4, v2],
    }) as ObservedApp;

  test("go, the oldest first; what is needed counts for nothing", () => {
    expect(surplusOf(of(1), [v3])).toEqual([v1]);
    expect(surplusOf(of(0), [v3])).toEqual([v2, v1]);
    expect(surplusOf(of(10), [v3])).toEqual([]);
  });

  test("stay if they serve, are wanted or are the way back", () => {
    expect(surplusOf(of(0), [v1, v2, v3, undefined])).toEqual([]);
  });

  test("stay if theirs is the newest number, so that it is never given again", () => {
    expect(surplusOf(of(0), [])).not.toContain(v4);
  });
});

test("the way back is the revision that was accepted last, by number and not by place", () => {
  const newer = revision("app:1", 7, "accepted");
  const others = [revision("app:2", 6, "accepted"), revision("app:3", 8, "rejected"), revision("app:4", 9)];
  expect(stableOf([newer, ...others])).toBe(newer);
  expect(stableOf(others.slice(1))).toBeUndefined();
});
