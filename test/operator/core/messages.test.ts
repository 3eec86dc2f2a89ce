import { expect, test } from "@jest/globals";
import type { Fields } from "../../../operator/core/manifest.ts";
import type { Pod } from "../../../operator/core/observed.ts";
import { app, at, observed, pod, revision, spec, startMs, unready } from "./objects.ts";
import { planOf, deploymentOf, rejected2, appOf, v1 } from "./situations.ts";

test("an installation with minReadySeconds: the message counts the pods that are ready, but not yet available", () => {
  const first = revision("app:1", 1);
  const pods = [
    pod("a", first, { readinessSince: at(-5) }),
    pod("b", first, { readinessSince: at(-20) }),
    unready("c", first, []),
  ];
  const requested = app({ spec: spec({ replicas: 3, minReadySeconds: 15 }) });
  const { status } = planOf(observed({ app: requested, revisions: [first], pods }), startMs);
  expect(status.message).toBe("Installing app:1: 1 of 3 pods are available (1 ready for less than 15 s).");
});

test("an image with a digest: the message and status.display shorten the digest, status.candidate does not", () => {
  const digest = `sha256:${"0123456789ab".padEnd(64, "c")}`;
  const requested = app({ spec: spec({ image: `registry:5000/app:1@${digest}` }) });
  const { status } = planOf(observed({ app: requested }), startMs);
  expect(status.message).toContain("registry:5000/app:1@sha256:0123456789ab:");
  expect(status.display?.image).toBe("registry:5000/app:1@sha256:0123456789ab");
  expect(status.candidate?.image).toBe(`registry:5000/app:1@${digest}`);
});

test("the stable revision serves after a rejection: the message counts its pods only if some are missing", () => {
  const before = { app: appOf("app:2"), revisions: [v1, rejected2] };
  const message = (pods: readonly Pod[], counts: Fields): string | undefined =>
    planOf({ ...before, pods, deployment: deploymentOf(v1, counts) }, startMs).status.message;
  const [a, b] = [pod("a", v1), pod("b", v1)];
  // A pod of the rejected revision is still terminating.
  expect(message([a, b], { replicas: 3 })).toContain("rollout 1 of app:1 serves. Next:");
  const missing = { availableReplicas: 1 };
  expect(message([a], missing)).toContain("rollout 1 of app:1 serves with 1 of 2 pods available. Next:");
});
