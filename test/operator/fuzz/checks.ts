import assert from "node:assert/strict";
import { labels } from "../../../operator/api/names.ts";
import { demoAppStatus } from "../../../operator/api/schema.ts";
import type { Action } from "../../../operator/core/action.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { App, Observed } from "../../../operator/core/observed.ts";
import { ownershipOf } from "../../../operator/core/ownership.ts";
import { plan, reportOf } from "../../../operator/core/plan.ts";
import { checkCleanText } from "./cleantext.ts";
import { type Outputs, problemsOf } from "./pipeline.ts";
import type { World } from "./world.ts";

/** A reason of a condition or an Event. */
const isReason = /^[A-Z][A-Za-z]{0,127}$/;
const isLabelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$/;
/** The API server's limits for the annotations of an object and for the message of an Event. */
const [maxAnnotations, maxEventMessage] = [256 * 1024, 1024];

/** The API server stores the status. */
function checkStatus({ report: { status } }: Outputs): void {
  const parsed = demoAppStatus.safeParse(status);
  assert.ok(parsed.success, `the status is invalid: ${parsed.error?.message}`);
  const types = (status.conditions ?? []).map(({ type }) => type);
  assert.deepEqual([...new Set(types)], types, "each condition occurs once");
}

function checkReasons({ report: { status, events }, observed: { app } }: Outputs): void {
  const kept = new Set(app.status?.conditions?.map(({ reason }) => reason));
  const own = (status.conditions ?? []).filter(({ reason }) => !kept.has(reason));
  for (const { reason } of [...own, ...(status.blockers ?? []), ...events])
    assert.match(reason, isReason, "a reason is one word");
}

const names = ({ name }: App): Readonly<Record<string, (object: string) => boolean>> => ({
  Deployment: (object) => object === name || object === `${name}-candidate`,
  Service: (object) => object === name,
  ControllerRevision: (object) => object.startsWith(`${name}-`),
});

/** The live object of an action, also a revision that the operator does not believe. */
function liveOf({ deployments, service, revisions, ignoredRevisions }: Observed, { object }: Action) {
  const all: readonly (Manifest | undefined)[] = [
    ...Object.values(deployments),
    service,
    ...[...revisions, ...ignoredRevisions].map(({ live }) => live),
  ];
  return all.find((live) => live?.kind === object.kind && live.metadata.name === object.metadata.name);
}

/** Another app's objects and foreign ones stay as they are. */
function checkOwner(observed: Observed, action: Action): void {
  const { app } = observed;
  const { kind, metadata } = action.object;
  const isOurs = names(app)[kind];
  assert.ok(isOurs?.(metadata.name), `${kind}/${metadata.name} is no object of the app`);
  assert.equal(metadata.namespace, app.namespace, "the namespace is that of the app");
  const live = liveOf(observed, action);
  const isStored = live?.metadata.uid !== undefined || live?.kind !== "ControllerRevision";
  if (live !== undefined && isStored)
    assert.match(ownershipOf(app, live), /^(owned|adoptable)$/, `${action.why}: ${kind}`);
  if (action.do === "delete") assert.equal(kind, "ControllerRevision", "only revisions are deleted");
}

function checkApply(app: App, { metadata, ...object }: Manifest): void {
  const { name, uid } = app;
  const owners = metadata.ownerReferences ?? [];
  assert.deepEqual(
    owners.map((owner) => [owner.name, owner.uid, owner.controller]),
    [[name, uid, true]],
  );
  assert.equal(metadata.labels?.[labels.name], name);
  for (const value of Object.values(metadata.labels ?? {})) assert.match(value, isLabelValue);
  const annotations = Object.entries(metadata.annotations ?? {});
  const size = annotations.reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
  assert.ok(size <= maxAnnotations, `${object.kind} has ${size} bytes of annotations`);
  for (const [key, value] of annotations) assert.equal(typeof value, "string", key);
}

function checkActions({ observed, planned }: Outputs): void {
  for (const action of planned.actions) {
    checkOwner(planned.observed, action);
    if (action.do !== "take-over" && action.do !== "delete") checkApply(observed.app, action.object);
  }
}

function checkEvents({ events }: Outputs): void {
  for (const event of events) {
    const { message, reason } = event as unknown as { message: string; reason: string };
    assert.ok(
      message.length <= maxEventMessage && message !== "",
      `an event has ${message.length} characters`,
    );
    assert.match(reason, isReason);
    assert.equal(event.metadata.namespace, "team");
  }
}

function checkRequeue({ planned, report: { requeueAtMs } }: Outputs): void {
  if (requeueAtMs === undefined) return;
  assert.ok(Number.isFinite(requeueAtMs) && requeueAtMs > planned.nowMs, `requeue at ${requeueAtMs}`);
}

/** A restarted operator plans the same. */
function checkDeterminism({ observed, planned, report }: Outputs, world: World): void {
  const again = plan(observed, planned.nowMs);
  const text = JSON.stringify([planned.actions, report]);
  assert.equal(JSON.stringify([again.actions, reportOf(again, problemsOf(again, world))]), text);
}

/** Checks everything that a reconcile lets out of the process. */
export function check(outputs: Outputs, world: World): void {
  checkStatus(outputs);
  checkReasons(outputs);
  checkActions(outputs);
  checkEvents(outputs);
  checkRequeue(outputs);
  checkCleanText(outputs);
  if (world.isRepeated) checkDeterminism(outputs, world);
}
