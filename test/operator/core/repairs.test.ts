import { expect, test } from "@jest/globals";
import type { DemoAppStatus } from "../../../operator/api/schema.ts";
import { childAnnotations, fieldManager } from "../../../operator/api/names.ts";
import type { Manifest } from "../../../operator/core/manifest.ts";
import type { Revision } from "../../../operator/core/observed.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { type ObservedFields, app, at } from "./objects.ts";
import { accepted2, appOf, deploymentOf, observedApp, planOf, v1, editedDeployment } from "./situations.ts";

const service = renderService(observedApp(), "stable");
const lastStatus = (phase: DemoAppStatus["phase"]): DemoAppStatus => ({ observedGeneration: 1, phase });
const stableOnly = { app: appOf("app:1", { status: lastStatus("Progressing") }), revisions: [v1], service };

/** The Deployment of `v1`, whose image a manager wrote. */
function undone(manager: string): Manifest {
  const image = { "f:containers": { 'k:{"name":"app"}': { "f:image": {} } } };
  const fieldsV1 = { "f:spec": { "f:template": { "f:spec": image } } };
  const live = deploymentOf(v1);
  const entry = { manager, operation: "Update", time: at(-1), fieldsV1 };
  return { ...live, metadata: { ...live.metadata, managedFields: [entry] } };
}

/** The Deployment after the operator has noted the rollout of a revision on it. */
const noted = ({ metadata, ...live }: Manifest, { rollout }: Revision): Manifest => {
  const annotations = { ...metadata.annotations, [childAnnotations.rollout]: String(rollout) };
  return { ...live, apiVersion: "apps/v1", kind: "Deployment", metadata: { ...metadata, annotations } };
};

test.each<{ name: string; before: ObservedFields; events: readonly string[] }>([
  {
    name: "someone scales the Deployment: a Normal event for the reverted drift",
    before: {
      ...stableOnly,
      deployment: editedDeployment("kubectl", { replicas: 7 }),
    },
    events: ["Normal DriftRepaired"],
  },
  {
    name: "someone undoes a rollout by kubectl: a Normal event for the reverted drift",
    before: {
      ...stableOnly,
      revisions: [v1, accepted2],
      app: appOf("app:2", { status: lastStatus("Healthy") }),
      deployment: undone("kubectl-rollout"),
    },
    events: ["Normal Recovering", "Normal DriftRepaired"],
  },
  {
    name: "someone undoes a rollout that differs only in the metadata of the pods: a Normal event",
    before: {
      ...stableOnly,
      revisions: [v1, accepted2],
      app: appOf("app:2", { status: lastStatus("Healthy") }),
      deployment: noted(deploymentOf(v1), accepted2),
    },
    events: ["Normal Recovering", "Normal DriftRepaired"],
  },
  {
    name: "someone changes the Deployment while a new spec is not yet applied: a Normal event for the drift",
    before: {
      ...stableOnly,
      app: app({ ...appOf("app:1", { status: lastStatus("Progressing") }), generation: 2 }),
      deployment: editedDeployment("kubectl-scale", { replicas: 7 }),
    },
    events: ["Normal DriftRepaired"],
  },
  {
    name: "the operator delayed a change of the replicas until a rollout ended: no event",
    before: { ...stableOnly, deployment: editedDeployment(fieldManager, { replicas: 3 }, "Apply") },
    events: [],
  },
  {
    name: "the Deployment of an installed app was deleted: a Normal event",
    before: stableOnly,
    events: ["Normal ObjectRecreated"],
  },
  {
    name: "the Service of an installed app was deleted: a Normal event",
    before: { ...stableOnly, service: undefined, deployment: deploymentOf(v1) },
    events: ["Normal Healthy", "Normal ObjectRecreated"],
  },
])("$name", ({ before, events }) => {
  const planned = planOf(before).events;
  expect(planned.map(({ type, reason }) => `${type} ${reason}`)).toEqual(events);
});
