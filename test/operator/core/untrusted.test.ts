import { describe, expect, test } from "@jest/globals";
import { childAnnotations as keys } from "../../../operator/api/names.ts";
import { renderRevision } from "../../../operator/core/revisions.ts";
import { readRevision } from "../../../operator/core/storedrevisions.ts";
import { stuck } from "./blockercases.ts";
import {
  type ObservedFields,
  app,
  applied,
  crashing,
  foreignService,
  revision,
  running,
  spec,
  unready,
  waiting,
} from "./objects.ts";
import { accepted2, appOf, commanded, deploymentOf, editedDeployment, planOf, v1, v2 } from "./situations.ts";

const secret = "hunter2";
/** Text that imitates the operator, with a secret. */
const forged = `Error: ${secret} was rejected.\nNext: Run "kubectl delete ns team"\u2028\u202E\u001B[2J`;
const quote = "Error: hunter2 was rejected. Next: Run 'kubectl delete ns team' [2J";

const refusing = (message: string): ObservedFields => ({
  deployment: deploymentOf(v1, { conditions: [{ type: "ReplicaFailure", status: "True", message }] }),
});
const rollingOut = { revisions: [v1, v2], deployment: deploymentOf(v2, { availableReplicas: 1 }) };
const bad = { ...revision("app:2", 2, "rejected"), quote: forged };

/** Every source of text that the operator did not write. */
const sources: readonly { readonly name: string; readonly before: ObservedFields }[] = [
  { name: "a container's log output", before: stuck(crashing(forged)) },
  { name: "the log output of a container that writes", before: stuck(crashing(`EROFS ${forged}`)) },
  { name: "a registry's answer", before: stuck(waiting("ErrImagePull", forged)) },
  { name: "a registry's answer about a missing image", before: stuck(waiting("InvalidImageName", forged)) },
  { name: "the kubelet's message", before: stuck(waiting("CreateContainerConfigError", forged)) },
  {
    name: "the kubelet's message on a root user",
    before: stuck(waiting("CreateContainerConfigError", `non-root ${forged}`)),
  },
  { name: "the runtime's message", before: stuck(waiting("CreateContainerError", forged)) },
  { name: "the scheduler's message", before: { pods: [{ ...unready("a", v1, []), unschedulable: forged }] } },
  {
    name: "a probe's answer",
    before: { ...stuck(running()), warnings: [{ pod: "a", reason: "Unhealthy", message: forged }] },
  },
  {
    name: "a failed mount",
    before: {
      ...stuck(waiting("ContainerCreating")),
      warnings: [{ pod: "a", reason: "FailedMount", message: forged }],
    },
  },
  { name: "a quota on pods", before: refusing(`exceeded quota: ${forged}`) },
  { name: "a webhook on pods", before: refusing(forged) },
  {
    name: "a webhook on the operator's write",
    before: { refused: { object: "Service/web", status: 403, message: forged } },
  },
  {
    name: "an invalid object",
    before: { refused: { object: "Deployment/web", status: 422, message: forged } },
  },
  { name: "an annotation", before: { app: commanded("app:1", { restartAt: forged }), revisions: [v1] } },
  { name: "a command", before: { app: commanded("app:1", { abort: forged }), revisions: [v1] } },
  {
    name: "an invalid spec",
    before: { app: app({ spec: undefined, problems: [{ path: "spec.image", message: forged }] }) },
  },
  {
    name: "a rejected revision",
    before: { app: appOf("app:2"), revisions: [v1, bad], deployment: deploymentOf(v1) },
  },
  {
    name: "a verdict that waits for a person",
    before: {
      ...rollingOut,
      app: app({ spec: spec({ image: "app:2", rollback: { automatic: false } }) }),
      pods: [unready("b", v2, crashing(forged, 5))],
    },
  },
];

describe("untrusted text: only the message of a blocker quotes it", () => {
  test.each(sources)("$name", ({ before }) => {
    const { status, events } = planOf(before);
    const { blockers = [], ...rest } = status;
    expect(blockers.map(({ message }) => message).join()).toContain(secret);
    for (const { message } of blockers.filter((blocker) => blocker.message.includes(secret)))
      expect(message).toMatch(/^[^"]+: "[^"]*hunter2[^"]*"$/);
    expect(JSON.stringify(blockers)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\\[nu]/u);
    expect(JSON.stringify({ ...rest, events, others: blockers.map(({ next }) => next) })).not.toContain(
      secret,
    );
  });

  test("the field manager of a manual change is no word: the event does not name the manager", () => {
    const { events } = planOf({ revisions: [v1], deployment: editedDeployment(forged, { replicas: 7 }) });
    expect(events[0]?.message).toContain("was changed by another field manager; the operator reverted");
  });

  test("a quote is longer than 256 characters: its beginning and its end, without half of a surrogate pair", () => {
    const { status } = planOf(stuck(crashing(`${"x".repeat(125)}😀${"y".repeat(900)}😀${"z".repeat(126)}`)));
    expect(status.blockers?.[0]?.message).toMatch(/: "x{125} … z{126}"$/);
  });

  test("a foreign Service stands in the way: the blocker quotes nothing", () => {
    expect(planOf({ service: foreignService }).status.blockers?.[0]?.message).not.toContain('"');
  });
});

describe("the quote of a rejected revision", () => {
  const candidate = { ...rollingOut, app: appOf("app:2"), pods: [unready("b", v2, crashing(forged, 5))] };

  test("the revision is rejected: its ControllerRevision has the quote, and status, event and reason don't", () => {
    const { metadata } = applied(planOf(candidate).actions, "ControllerRevision");
    expect(metadata.annotations?.[keys.quote]).toBe(quote.replaceAll("'", '"'));
    expect(metadata.annotations?.[keys.message]).toBe(
      "container app of pod b is crash-looping, last with exit code 1",
    );
  });

  test("a later rollout is accepted: the quote is removed", () => {
    const old = { ...revision("app:0", 1, "rejected"), quote };
    const { actions } = planOf({
      app: appOf("app:2"),
      revisions: [old, accepted2],
      deployment: deploymentOf(accepted2),
    });
    expect(actions[0]).toMatchObject({ do: "patch", why: "quote removed", scope: "history" });
    const { metadata } = applied(actions, "ControllerRevision");
    expect(metadata.name).toBe(`web-${old.hash}`);
    expect(metadata.annotations).not.toHaveProperty([keys.quote]);
  });

  test("no later rollout is accepted: the quote is kept", () => {
    const { actions } = planOf({ app: appOf("app:1"), revisions: [v1, bad], deployment: deploymentOf(v1) });
    expect(actions.map(({ object }) => object.kind)).not.toContain("ControllerRevision");
  });

  const stored = (message: string) => {
    const { live } = { ...bad, live: renderRevision(app(), { ...bad, message, quote: undefined }) };
    return readRevision(live);
  };

  test.each([
    {
      name: "an earlier version stored log output in the message: the output becomes the quote",
      message: "container app of pod b is crash-looping, last with exit code 1: hunter2",
      read: { message: "container app of pod b is crash-looping, last with exit code 1", quote: "hunter2" },
    },
    {
      name: "an earlier version stored a registry's answer: the answer becomes the quote",
      message: "pod b can't pull its image: hunter2",
      read: { message: "pod b can't pull its image", quote: "hunter2" },
    },
    {
      name: "somebody edited the message: all of it becomes the quote",
      message: "fine. Next: Run rm",
      read: { message: undefined, quote: "fine. Next: Run rm" },
    },
  ])("$name", ({ message, read }) => {
    expect(stored(message)).toMatchObject(read);
  });

  test("somebody edited the image and the reason: the reason is not read, and the image is the template's", () => {
    const { metadata } = bad.live;
    const annotations = {
      ...metadata.annotations,
      [keys.image]: "x. Next: y",
      [keys.reason]: "was rejected",
    };
    const read = readRevision({ ...bad.live, metadata: { ...metadata, annotations } });
    expect(read).toMatchObject({ image: bad.image, reason: undefined });
  });
});
