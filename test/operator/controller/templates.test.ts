import { describe, expect, test } from "@jest/globals";
import { revisionObjectOf } from "../../../operator/controller/children.ts";
import { observe } from "../../../operator/controller/observe.ts";
import { labels } from "../../../operator/api/names.ts";
import { hashOf } from "../../../operator/core/hash.ts";
import type { App, Outcome, Revision } from "../../../operator/core/observed.ts";
import { plan } from "../../../operator/core/plan.ts";
import { renderPodTemplate } from "../../../operator/core/render/pod.ts";
import { renderRevision } from "../../../operator/core/revisions.ts";
import { renderService } from "../../../operator/core/render/service.ts";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { app, revision, spec, startMs } from "../core/objects.ts";
import { deploymentOf, observedApp } from "../core/situations.ts";
import { observeOptions } from "./observeoptions.ts";
import { createCaches, key } from "./scene.ts";

/** A revision as the API server stores it. */
const stored = ({ live }: Revision): KubeObject => ({
  ...live,
  metadata: { ...live.metadata, uid: `uid-${live.metadata.name}`, resourceVersion: "1" },
});

const revisions = (count: number, outcome?: Outcome): readonly Revision[] =>
  Array.from({ length: count }, (_, index) => revision(`app:${index + 1}`, index + 1, outcome));

/** The revision as an older operator rendered it: its template differs from the one that the spec gives today. */
function older(one: Revision): Revision {
  const template = { ...one.template, from: "an older operator" };
  return { ...one, template, live: renderRevision(app(), { ...one, template }) };
}

/** An app whose caches have its Deployment, its Service, and its revisions without templates. */
function scene(all: readonly Revision[], requested: App) {
  const caches = createCaches(requested);
  const objects = new Map(all.map((one) => [one.live.metadata.name, stored(one)]));
  const [newest] = all.slice(-1);
  if (newest === undefined) throw new Error("the app has no revision");
  caches.deployments.store.set("team", "web", deploymentOf(newest));
  caches.services.store.set("team", "web", renderService(observedApp(), "stable"));
  const cache = (object: KubeObject): void =>
    void caches.revisions.store.set("team", object.metadata.name, revisionObjectOf(object));
  for (const object of objects.values()) cache(object);
  const reads: string[] = [];
  const client = {
    get: async (_: unknown, { name }: { name: string }) => {
      reads.push(name);
      const object = objects.get(name);
      if (object === undefined) throw new ApiError(404, { reason: "NotFound" });
      return object;
    },
  };
  const options = observeOptions(caches, client);
  const run = async () => {
    reads.length = 0;
    const observed = await observe(key, options);
    if (observed === undefined) throw new Error("the app is gone");
    return observed;
  };
  return { caches, objects, client, cache, reads, run };
}

const asks = (image: string, more: Partial<App> = {}): App => app({ spec: spec({ image }), ...more });
const loaded = (all: readonly Revision[]): readonly number[] =>
  all.filter(({ template }) => template !== undefined).map(({ rollout }) => rollout);

describe("the templates of revisions", () => {
  test("an app at rest with a history: the template of the stable revision follows from the spec, and none is read", async () => {
    const all = revisions(8, "accepted");
    const { run, reads } = scene(all, asks("app:8"));
    const seen = (await run()).revisions;
    expect(loaded(seen)).toEqual([8]);
    expect(seen.at(-1)?.template).toEqual(all.at(-1)?.template);
    expect(reads).toEqual([]);
  });

  test("an older operator rendered the stable revision: its template is read once, and no other", async () => {
    const { run, reads } = scene(revisions(8, "accepted").map(older), asks("app:8"));
    const seen = (await run()).revisions;
    expect(loaded(seen)).toEqual([8]);
    expect(seen.at(-1)?.template).toHaveProperty("from");
    expect(reads).toHaveLength(1);
    await run();
    expect(reads).toEqual([]);
  });

  test("the spec changes while a revision is stable: its template, which follows from the spec before, stays known", async () => {
    const { run, caches, reads } = scene(revisions(8, "accepted"), asks("app:8"));
    await run();
    caches.apps.store.set("team", "web", asks("app:9"));
    expect(loaded((await run()).revisions)).toEqual([8]);
    expect(reads).toEqual([]);
  });

  test("a rejected revision is requested: its template is read only when a command retries it", async () => {
    const all = [...revisions(8, "accepted"), revision("app:9", 9, "rejected")];
    const { run, caches } = scene(all, asks("app:9"));
    expect(loaded((await run()).revisions)).toEqual([8]);
    caches.apps.store.set("team", "web", asks("app:9", { annotations: { "demoapp.dev/retry": "9" } }));
    expect(loaded((await run()).revisions)).toEqual([8, 9]);
  });

  test("an earlier revision is requested again: it starts with its stored template", async () => {
    const [first, ...others] = revisions(8, "accepted");
    if (first === undefined) throw new Error("no revision");
    const old = older(first);
    const { template } = old;
    const { run } = scene([old, ...others], asks("app:1"));
    const { actions } = plan(await run(), startMs);
    expect(actions.map(({ do: verb, object }) => `${verb} ${object.kind}`)).toEqual([
      "patch ControllerRevision",
      "apply Deployment",
    ]);
    expect(actions[0]).toMatchObject({ patch: { revision: 9 } });
    expect(actions[1]?.object).toMatchObject({ spec: { template: { from: template?.["from"] } } });
  });

  test("another spelling of a quantity: the templates of the image are read once, and the revision is found", async () => {
    const requested = spec({ image: "app:1", resources: { requests: { cpu: "1" } } });
    const asWritten = spec({ image: "app:1", resources: { requests: { cpu: "1000m" } } });
    const hash = hashOf(asWritten);
    const template = renderPodTemplate(app(), asWritten);
    const own = template["metadata"] as { readonly labels: object };
    const metadata = { ...own, labels: { ...own.labels, [labels.hash]: hash } };
    const bare: Revision = { ...revision("app:1", 2, "rejected"), hash, template: { ...template, metadata } };
    const rejected = { ...bare, live: renderRevision(app(), bare) };
    const { run, reads } = scene([...revisions(1, "accepted"), rejected], app({ spec: requested }));
    expect(plan(await run(), startMs).planned?.stored.requested?.rollout).toBe(2);
    await run();
    expect(reads).toEqual([]);
  });

  test("a deleted DemoApp left ten revisions behind: adopted before the Deployment, without reading their templates", async () => {
    const { run, caches, cache, objects, reads } = scene(revisions(10, "accepted"), asks("app:10"));
    const { metadata: owned, ...deployment } = deploymentOf(revision("app:10", 10));
    const { ownerReferences: _owners, ...orphaned } = owned;
    caches.deployments.store.set("team", "web", { ...deployment, metadata: orphaned });
    for (const object of objects.values()) {
      const { ownerReferences: _, ...metadata } = object.metadata;
      cache({ ...object, metadata });
    }
    const { actions } = plan(await run(), startMs);
    const written = actions.map(({ do: verb, object }) => `${verb} ${object.kind}`);
    expect(written.slice(0, 11)).toEqual([
      ...Array<string>(10).fill("patch ControllerRevision"),
      "apply Deployment",
    ]);
    expect(reads).toEqual([]);
  });

  test("a ControllerRevision has a template above 256 KiB: not believed, and never read", async () => {
    const all = revisions(2, "accepted");
    const { run, cache } = scene(all, asks("app:2"));
    const [first] = all;
    if (first === undefined) throw new Error("no revision");
    const { name } = first.live.metadata;
    const template = {
      ...first.template,
      spec: { ...Object(first.template?.["spec"]), text: "x".repeat(300_000) },
    };
    cache({ ...stored(first), data: { template } });
    const { ignoredRevisions } = await run();
    expect(ignoredRevisions).toMatchObject([
      { live: { metadata: { name } }, why: "has not the content of a revision" },
    ]);
  });

  test("a stored template has thousands of levels: the revision is ignored", async () => {
    const all = revisions(1, "accepted");
    const { run, cache } = scene(all, asks("app:2"));
    const [first] = all;
    if (first === undefined) throw new Error("no revision");
    const deep = JSON.parse(`${"[".repeat(9000)}${"]".repeat(9000)}`) as object;
    const spec = { ...Object(first.template?.["spec"]), deep };
    cache({ ...stored(first), data: { template: { ...first.template, spec } } });
    expect((await run()).ignoredRevisions).toMatchObject([{ why: "has not the content of a revision" }]);
  });

  test("the API server refuses to return a revision: a refusal, and the observation lacks the revision", async () => {
    const { run, client } = scene(revisions(2, "accepted").map(older), asks("app:2"));
    client.get = () => Promise.reject(new ApiError(403, { message: "cannot get resource" }));
    const { refused, revisions: seen } = await run();
    expect(refused).toMatchObject([{ scope: "revision" }]);
    expect(seen).toEqual([]);
  });

  test("the API server refuses only to return the stable revision: no older one is taken for it", async () => {
    const { run, client } = scene(revisions(2, "accepted"), asks("app:3"));
    const { get } = client;
    client.get = () => {
      client.get = get;
      return Promise.reject(new ApiError(403, { message: "cannot get resource" }));
    };
    expect((await run()).revisions).toEqual([]);
  });

  test("the revision is another object than in the cache: the observation fails, and the key is requeued", async () => {
    const { run, objects } = scene(revisions(1, "accepted").map(older), asks("app:1"));
    for (const [name, object] of objects)
      objects.set(name, { ...object, metadata: { ...object.metadata, uid: "other" } });
    await expect(run()).rejects.toThrow("is not as in the cache");
  });
});
