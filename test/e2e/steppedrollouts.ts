import { expect } from "@jest/globals";
import { annotations, selectorOf } from "../../operator/api/names.ts";
import { kinds } from "../../tools/objects.ts";
import type { Reported } from "./objects.ts";
import type { TestNamespace } from "./testnamespace.ts";

/** A quarter of the pods, until a person promotes. */
export const canary = { type: "Canary", canary: { steps: [{ setWeight: 25 }, { pause: {} }] } };

/** A preview, then a hold, each until a person promotes. */
export const blueGreen = { type: "BlueGreen", blueGreen: { autoPromote: false, holdSeconds: 600 } };

/** Waits until a rollout waits for a person. */
export const waiting = (ns: TestNamespace, name: string): Promise<Reported> =>
  ns.until(name, ({ status }) => status.blockers.some(({ reason }) => reason === "StepWaits"));

/** Promotes with the annotation that the status of a waiting app names. */
export function promote(ns: TestNamespace, { metadata, status }: Reported): Promise<string> {
  const { next = "" } = status.blockers.find(({ reason }) => reason === "StepWaits") ?? {};
  const [, step] =
    /promote the rollout: kubectl .*--overwrite demoapp\.dev\/promote=(\S+)$/i.exec(next) ?? [];
  return ns.annotate(metadata.name, `${annotations.promote}=${step}`);
}

/** Promotes a blue-green rollout that waits, and waits until it holds after the switch. */
export async function switchTraffic(ns: TestNamespace, name: string): Promise<void> {
  await promote(ns, await waiting(ns, name));
  await ns.until(name, ({ status }) => status.phase === "Paused" && status.step?.name === "hold 600 s");
}

/** The pods of the stable track. */
export const stablePods = async (ns: TestNamespace, name: string): Promise<readonly string[]> =>
  (await ns.podsWith(selectorOf(name, "stable"))).map(({ metadata }) => metadata.uid).toSorted();

/** Waits until the app has one Deployment and one Service, and expects that the Service selects the stable pods. */
export async function expectStableAlone(ns: TestNamespace, name: string): Promise<void> {
  const labelSelector = `app.kubernetes.io/name=${name}`;
  await ns.eventually(`${name} has one Deployment and one Service`, async () => {
    const lists = await Promise.all(
      [kinds.Deployment, kinds.Service].map((kind) =>
        ns.client.list(kind, { namespace: ns.namespace, labelSelector }),
      ),
    );
    const names = lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
    return names.join() === `${name},${name}` ? true : undefined;
  });
  expect((await ns.service(name)).spec.selector).toEqual(selectorOf(name, "stable"));
}
