import type { Clock } from "../../../operator/runtime/clock.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { quotas, serviceAccounts, serviceAllocator } from "./admission.ts";
import { type Deletion, deleteObject } from "./deletion.ts";
import { collectGarbage } from "./garbage.ts";
import { type Fields, fieldsOf, isFields } from "./json.ts";
import { type Kind, invalidValue, keyOf, required } from "./kinds/kind.ts";
import { builtInKinds } from "./kinds/builtin.ts";
import { Lists } from "./lists.ts";
import { contextOf, objectOf, patchedBy, suffixes } from "./bodies.ts";
import { bindPod, fromScale, scaleOf } from "./subresources.ts";
import { badRequest, invalid, methodNotAllowed, notFound } from "./refusal.ts";
import type { Answer, ApiRequest } from "./request.ts";
import { Store } from "./store.ts";
import { type Admit, Writes, timestamp } from "./writes.ts";

export interface ApiOptions {
  readonly clock: Clock;
  /** Kinds apart from the built-in ones. */
  readonly kinds: readonly Kind[];
}

/** What an API server decides, without HTTP: each request is answered at once, from memory. */
export class Api {
  readonly store = new Store();
  readonly kinds: ReadonlyMap<string, Kind>;
  /** Refuse writes, after the built-in plugins for service accounts and quotas. */
  readonly admission = new Set<Admit>();
  readonly #clock: Clock;
  readonly #writes: Writes;
  readonly #lists: Lists;
  readonly #suffix = suffixes();

  constructor({ clock, kinds }: ApiOptions) {
    this.#clock = clock;
    this.kinds = new Map([...builtInKinds, ...kinds].map((kind) => [keyOf(kind), kind]));
    const kindOf = (key: string): Kind => this.kind(key);
    const builtIn = [serviceAccounts(this.store, kindOf), quotas(this.store, kindOf)];
    const admit: Admit = (admission) => {
      for (const plugin of [...builtIn, ...this.admission]) {
        const why = plugin(admission);
        if (why !== undefined) return why;
      }
      return undefined;
    };
    this.#writes = new Writes({ store: this.store, clock, admit, allocate: serviceAllocator() });
    this.#lists = new Lists(this.store);
    const collector = "kube-controller-manager";
    collectGarbage({
      store: this.store,
      remove: (kind, object) => void deleteObject({ store: this.store, clock, kind }, object, {}),
      write: (kind, object) => {
        const live = this.store.get(kind, object.metadata.namespace, object.metadata.name);
        if (live !== undefined) this.#writes.update({ kind, manager: collector }, live, object);
      },
      defer: (task) => void setImmediate(task),
    });
    for (const name of ["default", "kube-system", "kube-node-lease"]) this.addNamespace(name);
  }

  /** A kind by `plural.group`; throws if it is not served. */
  kind(key: string): Kind {
    const kind = this.kinds.get(key);
    if (kind === undefined) throw new Error(`no kind ${key}`);
    return kind;
  }

  /** Makes a namespace, with the service account that kube-controller-manager would make. */
  addNamespace(name: string): void {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    this.#writes.create({ kind: this.kind("namespaces."), manager: "sim" }, namespace);
    this.#addServiceAccount(name);
  }

  /** Forgets history and unfinished lists. */
  compact(): void {
    this.store.compact();
    this.#lists.forget();
  }

  /** Answers a request; throws `Refusal`. Watches are not answered here. */
  handle(request: ApiRequest): Answer {
    switch (request.verb) {
      case "get":
        return { code: 200, body: this.#get(request) };
      case "list":
        return { code: 200, body: this.#lists.page(request) };
      case "create":
        return this.#create(request);
      case "update":
        return { code: 200, body: this.#update(request) };
      case "patch":
        return { code: 200, body: this.#patch(request) };
      case "apply":
        return this.#apply(request);
      case "delete":
        return { code: 200, body: this.#delete(request) };
      case "deletecollection":
        for (const object of this.#lists.select(request)) this.#deleteOne(request, object);
        return { code: 200, body: success };
      case "watch":
      default:
        throw methodNotAllowed();
    }
  }

  #live({ kind, namespace, name = "" }: ApiRequest): KubeObject {
    const object = this.store.get(kind, namespace, name);
    if (object === undefined) throw notFound(kind, name);
    return object;
  }

  #get(request: ApiRequest): Fields {
    const live = this.#live(request);
    return request.subresource === "scale" ? scaleOf(request.kind, live) : live;
  }

  #create(request: ApiRequest): Answer {
    const { kind, namespace, subresource } = request;
    const given = objectOf(request);
    if (subresource !== undefined) {
      if (keyOf(kind) !== "pods." || subresource !== "binding") throw methodNotAllowed();
      const pod = this.#live(request);
      this.store.put(kind, bindPod(pod, given, timestamp(this.#clock.now())));
      return { code: 201, body: success };
    }
    const { name = "", generateName } = given.metadata as { name?: string; generateName?: string };
    if (name === "" && !generateName)
      throw invalid(kind, "", [
        required("metadata.name", "Required value: name or generateName is required"),
      ]);
    const named = name === "" ? `${generateName}${this.#suffix()}` : name;
    this.#checkNamespace(request, given);
    const object = {
      ...given,
      metadata: { ...given.metadata, name: named, ...(kind.namespaced && { namespace }) },
    };
    const created = this.#writes.create(contextOf(request), object as KubeObject);
    if (keyOf(kind) === "namespaces.") this.#addServiceAccount(named);
    return { code: 201, body: created };
  }

  #update(request: ApiRequest): Fields {
    const live = this.#live(request);
    if (request.subresource === "scale") return this.#scale(request, live, request.body);
    const given = objectOf(request);
    if (request.kind.isCustom && given.metadata.resourceVersion === undefined)
      throw invalid({ ...request.kind, kind: request.kind.plural }, live.metadata.name, [
        invalidValue("metadata.resourceVersion", 0, "must be specified for an update"),
      ]);
    return this.#writes.update(contextOf(request), live, given);
  }

  #patch(request: ApiRequest): Fields {
    const { contentType, body, subresource, kind } = request;
    const live = this.#live(request);
    const target = subresource === "scale" ? scaleOf(kind, live) : live;
    const patched = patchedBy(contentType, target, body);
    if (subresource === "scale") return this.#scale(request, live, patched);
    if (!isFields(patched) || !isFields(patched["metadata"])) throw badRequest("the patch leaves no object");
    return this.#writes.update(contextOf(request), live, patched as unknown as KubeObject);
  }

  #scale(request: ApiRequest, live: KubeObject, scale: unknown): Fields {
    const changed = fromScale(live, fieldsOf(scale));
    return scaleOf(request.kind, this.#writes.update(contextOf(request), live, changed));
  }

  #apply(request: ApiRequest): Answer {
    const { kind, namespace, name = "", subresource, query } = request;
    const config = fieldsOf(request.body);
    if ((query.get("fieldManager") ?? "") === "")
      throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
        required("fieldManager", "Required value: is required for apply patch"),
      ]);
    if ("managedFields" in fieldsOf(config["metadata"]))
      throw badRequest("metadata.managedFields must be nil");
    const live = this.store.get(kind, namespace, name);
    const force = query.get("force") === "true";
    if (live !== undefined)
      return { code: 200, body: this.#writes.apply({ ...contextOf(request), force }, live, config) };
    if (subresource !== undefined) throw notFound(kind, name);
    const object = objectOf(request);
    this.#checkNamespace(request, object);
    const metadata = { ...object.metadata, name, ...(kind.namespaced && { namespace }) };
    const context = contextOf(request);
    return { code: 201, body: this.#writes.create(context, { ...object, metadata } as KubeObject, config) };
  }

  #delete(request: ApiRequest): Fields {
    return this.#deleteOne(request, this.#live(request));
  }

  #deleteOne({ kind, body, query }: ApiRequest, object: KubeObject): Fields {
    const policy = query.get("propagationPolicy");
    const grace = query.get("gracePeriodSeconds");
    const options = {
      ...(policy !== null && { propagationPolicy: policy }),
      ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
      ...fieldsOf(body),
    } as Deletion;
    const deleted = deleteObject({ store: this.store, clock: this.#clock, kind }, object, options);
    if (keyOf(kind) === "namespaces.") this.#emptyNamespace(object.metadata.name);
    if (!deleted.gone || returnsDeleted.has(keyOf(kind))) return deleted.object;
    const { name, uid } = object.metadata;
    const details = { name, ...(kind.group !== "" && { group: kind.group }), kind: kind.plural, uid };
    return { ...success, details };
  }

  #emptyNamespace(name: string): void {
    for (const kind of this.kinds.values())
      if (kind.namespaced)
        for (const object of this.store.list(kind, name))
          deleteObject({ store: this.store, clock: this.#clock, kind }, object, { gracePeriodSeconds: 0 });
  }

  #addServiceAccount(namespace: string): void {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } };
    this.#writes.create({ kind: this.kind("serviceaccounts."), manager: "kube-controller-manager" }, account);
  }

  #checkNamespace({ kind, namespace }: ApiRequest, { metadata }: KubeObject): void {
    if (!kind.namespaced) return;
    if (metadata.namespace !== undefined && metadata.namespace !== namespace)
      throw badRequest(
        `the namespace of the provided object does not match the namespace sent on the request`,
      );
    const namespaces = this.kind("namespaces.");
    if (this.store.get(namespaces, undefined, namespace ?? "") === undefined)
      throw notFound(namespaces, namespace ?? "");
  }
}

const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };

/** Kinds whose deletion answers with the object instead of a Status. */
const returnsDeleted: ReadonlySet<string> = new Set([
  "pods.",
  "services.",
  "serviceaccounts.",
  "resourcequotas.",
]);
