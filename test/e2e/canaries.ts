import { expect } from "@jest/globals";
import { annotations, selectorOf } from "../../operator/api/names.ts";
import { kinds } from "../../tools/objects.ts";
import type { Reported } from "./objects.ts";
import type { TestNamespace } from "./testnamespace.ts";

/** A quarter of the pods, until a person promotes. */
export const strategy = { type: "Canary", canary: { steps: [{ setWeight: 25 }, { pause: {} }] } };

/** Waits until a canary waits for a person. */
export const waiting = (ns: TestNamespace, name: string): Promise<Reported> =>
  ns.until(name, ({ status }) => status.blockers.some(({ reason }) => reason === "StepWaits"));

/** Promotes with the annotation that the status of a waiting app names. */
export function promote(ns: TestNamespace, { metadata, status }: Reported): Promise<string> {
  const { next = "" } = status.blockers.find(({ reason }) => reason === "StepWaits") ?? {};
  const [, step] =
    /^Promote the rollout: kubectl .*--overwrite demoapp\.dev\/promote=(\S+)$/.exec(next) ?? [];
  return ns.annotate(metadata.name, `${annotations.promote}=${step}`);
}

/** Waits until the app has one Deployment, and expects that the Service selects its pods. */
export async function expectStableAlone(ns: TestNamespace, name: string): Promise<void> {
  await ns.eventually(`${name} has one Deployment`, async () => {
    const labelSelector = `app.kubernetes.io/name=${name}`;
    const { items } = await ns.client.list(kinds.Deployment, { namespace: ns.namespace, labelSelector });
    return items.map(({ metadata }) => metadata.name).join() === name ? true : undefined;
  });
  expect((await ns.service(name)).spec.selector).toEqual(selectorOf(name, "stable"));
}
