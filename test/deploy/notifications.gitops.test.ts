import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { reasonMessage } from "../../operator/api/reasons.ts";
import { type Sent, runNotifications } from "./customizations.ts";

const folder = join(import.meta.dirname, "applications");
const commit = "5e9b1d8c0f4a";
const blockers =
  "kubectl -n sre-demo-prod get demoapp sre-demo-app -o jsonpath='{.status.blockers[*].message}'";

let all: readonly Sent[] = [];
const buildMs = 20 * 60_000;
beforeAll(async () => {
  all = await runNotifications(readdirSync(folder).map((file) => join(folder, file)));
}, buildMs);

/** The notifications for an Application of the folder. */
const sentFor = (name: string, from = all): readonly Sent[] =>
  from.filter(({ path }) => basename(path) === `${name}.yaml`);
/** The notifications for people. test/gitops/rejection.gitops.test.ts has those for GitHub. */
const messages = (): readonly Sent[] => all.filter(({ trigger }) => trigger !== "verdict");
const textOf = (name: string): string =>
  sentFor(name, messages())
    .map(({ notification }) => notification.message)
    .join("\n");

const rows = [
  { name: "deployed", triggers: ["deployed", "verdict"] },
  { name: "rolling-out", triggers: [] },
  { name: "pausing", triggers: [] },
  { name: "waiting", triggers: ["waiting"] },
  { name: "undecided", triggers: ["waiting"] },
  { name: "rollback-needed", triggers: ["waiting"] },
  { name: "rejected", triggers: ["rolled-back", "verdict"] },
  { name: "quota-exceeded", triggers: ["degraded", "verdict"] },
  // The message has the words of a rejection, but another reason.
  { name: "imitating", triggers: ["degraded", "verdict"] },
  { name: "retrying-once", triggers: [] },
  { name: "refused", triggers: ["sync-failed"] },
  { name: "retrying-newest-revision", triggers: [] },
  { name: "unreadable", triggers: ["sync-failed"] },
  { name: "new", triggers: [] },
];
test.each(rows)("the Application is $name: Argo CD's engine sends $triggers", ({ name, triggers }) => {
  expect(sentFor(name).map(({ trigger }) => trigger)).toEqual(triggers);
});

test("every Application of the folder has a row in this test", () => {
  expect(readdirSync(folder).toSorted()).toEqual(rows.map(({ name }) => `${name}.yaml`).toSorted());
});

test.each([
  { name: "deployed", words: [commit, "3 of 3 pods of ghcr.io/acme/demoapp-webapp:1.2.0 are available."] },
  {
    name: "waiting",
    words: [commit, "step 2 of 4 waits for a promotion: 1 of 1 pods", "demoapp.dev/promote=4/2"],
  },
  {
    name: "undecided",
    words: [commit, "3 of 300 requests failed (1 %; stable 0.1 %, limit 1 %)", "demoapp.dev/promote=4/2"],
  },
  { name: "rollback-needed", words: [commit, "last with exit code 1", "demoapp.dev/abort=4"] },
  {
    name: "rejected",
    words: [commit, "last with exit code 1);", "Next: Change spec.image in Git", blockers],
  },
  {
    name: "quota-exceeded",
    words: [commit, "A ResourceQuota refuses the request", "Next: Raise the quota.", blockers],
  },
  { name: "imitating", words: ["&lt;!channel&gt; &amp; &lt;https://example.com|here&gt;"] },
  { name: "refused", words: [commit, "argocd app get webapp-prod --show-operation"] },
  { name: "unreadable", words: ["What runs is unchanged", "argocd app get webapp-prod"] },
])(
  "the Application is $name: the notification names the app, its namespace and URL, and has the cause or tells where to read it",
  ({ name, words }) => {
    const text = textOf(name);
    const all = [
      "webapp-prod (sre-demo-prod)",
      "https://argocd.test/applications/argocd/webapp-prod",
      ...words,
    ];
    expect(all.filter((word) => !text.includes(word))).toEqual([]);
  },
);

test.each([
  { name: "refused", text: "Invalid value" },
  { name: "unreadable", text: "did not find expected key" },
])(
  "the Application is $name: the notification does not repeat the answer, which can have a secret",
  (row) => {
    expect(textOf(row.name)).not.toContain(row.text);
  },
);

test("a notification: sent once per commit, once per step that waits, or once per failure", () => {
  const keys = Object.fromEntries(messages().map(({ path, oncePer }) => [basename(path, ".yaml"), oncePer]));
  const sha = "5e9b1d8c0f4a7e21b6d3905c8f1e2a7b4c6d8e90";
  const broken = "2026-11-24T11:01:00Z";
  expect(keys).toEqual({
    deployed: sha,
    waiting: "Rollout 4 of ghcr.io/acme/demoapp-webapp:1.2.0, step 2 of 4 waits for a promotion",
    undecided: "Rollout 4 of ghcr.io/acme/demoapp-webapp:1.2.0, step 2 of 4 is undecided after 1800 s",
    "rollback-needed":
      "spec.rollback.automatic is false, and rollout 4 of ghcr.io/acme/demoapp-webapp:1.2.0 failed",
    rejected: broken,
    "quota-exceeded": broken,
    imitating: broken,
    refused: sha,
    unreadable: "2026-11-24T11:03:00Z",
  });
});

test("a rollout waits: the sample has the operator's message, of which the key is the part before the numbers that change", () => {
  const image = "ghcr.io/acme/demoapp-webapp";
  const rollout = `4 of ${image}:1.2.0`;
  const step = {
    rollout,
    step: "2 of 4",
    weight: { desired: 20, actual: 20 },
    ready: "1 of 1",
    stable: { available: 4, image: `${image}:1.1.0` },
  };
  const waits = reasonMessage("StepWaits", step);
  expect(textOf("waiting")).toContain(`StepWaits: ${waits.message} Next: `);
  const evidence =
    "3 of 300 requests failed (1 %; stable 0.1 %, limit 1 %): too close to the limit of 1 % to decide";
  const undecided = reasonMessage("StepUndecided", { ...step, evidence, seconds: 1800 });
  expect(textOf("undecided")).toContain(`StepUndecided: ${undecided.message} Next: `);
  const why =
    "container app of pod sre-demo-app-candidate-667c8f7df8-lwzx2 is crash-looping, last with exit code 1";
  const needed = reasonMessage("RollbackNeeded", { rollout, why });
  expect(textOf("rollback-needed")).toContain(`RollbackNeeded: ${needed.message} Next: `);
});

test("notifications: only those that need action page a person", () => {
  const severities = messages().map(({ template, notification }) => [
    template,
    notification.pagerdutyv2?.severity,
  ]);
  expect(Object.fromEntries(severities)).toEqual({
    deployed: undefined,
    waiting: undefined,
    "rolled-back": "warning",
    degraded: "critical",
    "sync-failed": "error",
    unreadable: "error",
  });
});
