import { describe, expect, test } from "@jest/globals";
import type { Revision } from "../../../operator/core/observed.ts";
import { stableOf, renderRevision, surplusOf } from "../../../operator/core/revisions.ts";
import { readRevision } from "../../../operator/core/storedrevisions.ts";
import { app, at, owner, revision, spec } from "./objects.ts";
import { observedApp, stateOf } from "./situations.ts";

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
  /** The surplus of four revisions, of which the spec requests one. */
  const surplus = (
    revisionHistoryLimit: number,
    image: string,
    revisions = [v3, v1, v4, v2],
  ): readonly Revision[] =>
    surplusOf(
      stateOf(
        observedApp({
          app: app({ spec: { ...spec({ image }), revisionHistoryLimit } }),
          revisions,
        }),
      ),
    );

  test("more revisions than the limit: the oldest are surplus; revisions in use don't count", () => {
    expect(surplus(1, "app:3")).toEqual([v1]);
    expect(surplus(0, "app:3")).toEqual([v2, v1]);
    expect(surplus(10, "app:3")).toEqual([]);
  });

  test("a limit that only an older schema allowed: the operator keeps 20 old revisions", () => {
    const many = Array.from({ length: 30 }, (_, at) => revision(`app:${at}`, at + 1, "accepted"));
    expect(surplus(100, "app:29", many)).toEqual(many.slice(0, 9).toReversed());
  });

  test("the requested and the stable revision: kept", () => {
    expect(surplus(0, "app:1")).toEqual([v2]);
  });

  test("the revision with the highest rollout number: kept, so that the number is not used again", () => {
    expect(surplus(0, "app:9")).not.toContain(v4);
  });
});

test("several accepted revisions: the stable one has the highest rollout number, whatever the order", () => {
  const newer = revision("app:1", 7, "accepted");
  const others = [revision("app:2", 6, "accepted"), revision("app:3", 8, "rejected"), revision("app:4", 9)];
  expect(stableOf([newer, ...others])).toBe(newer);
  expect(stableOf(others.slice(1))).toBeUndefined();
});
