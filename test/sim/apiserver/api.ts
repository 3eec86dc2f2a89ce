import { canonical } from "../../../operator/core/hash.ts";
import type { Clock } from "../../../operator/runtime/clock.ts";
import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import { type Admit, podAdmission, serviceAllocator } from "./admission.ts";
import { deleteObject } from "./deletion.ts";
import { collectGarbage } from "./garbage.ts";
import { contextOf, objectOf, scaleOf, scaledBy } from "./bodies.ts";
import { type Fields, fieldsOf, isFields, itemsOf, withMetadata } from "./json.ts";
import { builtInKinds } from "./kinds/builtin.ts";
import { type Kind, invalidValue, keyOf, required } from "./kinds/kind.ts";
import { listsOf } from "./lists.ts";
import { patchedBy } from "./patches.ts";
import { Refusal, invalid, methodNotAllowed, notFound } from "./refusal.ts";
import type { Answer, ApiRequest } from "./request.ts";
import { Store } from "./store.ts";
import { Writes, timestamp } from "./writes.ts";

const controllerManager = "kube-controller-manager";
const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };

/** Kinds whose deletion returns the object instead of a Status. */
const returnsDeleted: ReadonlySet<string> = new Set([
  "pods.",
  "services.",
  "serviceaccounts.",
  "resourcequotas.",
]);

export interface ApiOptions {
  readonly clock: Clock;
  /** Kinds that the server serves beside the built-in ones. */
  readonly kinds: readonly Kind[];
}

/** The API server without HTTP: answers each request at once, from memory. */
export class Api {
  readonly store = new Store();
  readonly kinds: ReadonlyMap<string, Kind>;
  /** Checks of writes, after the built-in checks of service accounts and quotas. */
  readonly admission = new Set<Admit>();
  readonly #clock: Clock;
  readonly #writes: Writes;
  readonly #lists = listsOf(this.store);
  #names = 0;

  constructor({ clock, kinds }: ApiOptions) {
    this.#clock = clock;
    this.kinds = new Map([...builtInKinds, ...kinds].map((kind) => [keyOf(kind), kind]));
    const { store, admission } = this;
    admission.add(podAdmission(store, (key) => this.kind(key)));
    const admit: Admit = (write) => {
      for (const check of admission) {
        const refusal = check(write);
        if (refusal !== undefined) return refusal;
      }
      return undefined;
    };
    this.#writes = new Writes({ store, clock, admit, allocate: serviceAllocator() });
    collectGarbage({
      store,
      remove: (kind, object) => void deleteObject({ store, clock, kind }, object, {}),
      write: (kind, object) => {
        const live = store.get(kind, object.metadata.namespace, object.metadata.name);
        if (live !== undefined) this.#writes.update({ kind, manager: controllerManager }, live, object);
      },
    });
    for (const name of ["default", "kube-system", "kube-node-lease"]) {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      this.#writes.create({ kind: this.kind("namespaces."), manager: "sim" }, namespace);
      this.#addServiceAccount(name);
    }
  }

  /** A kind by `<plural>.<group>`; throws if the server does not serve the kind. */
  kind(key: string): Kind {
    const kind = this.kinds.get(key);
    if (kind === undefined) throw new Error(`no kind ${key}`);
    return kind;
  }

  /** Drops the history and all unfinished lists. */
  compact(): void {
    this.store.compact();
    this.#lists.forget();
  }

  /** Answers a request; throws `Refusal`. The server answers watches itself. */
  handle(request: ApiRequest): Answer {
    switch (request.verb) {
      case "get":
        return { code: 200, body: this.#get(request) };
      case "list":
        return { code: 200, body: this.#lists.page(request) };
      case "create":
        return { code: 201, body: request.name === undefined ? this.#create(request) : this.#bind(request) };
      case "update":
        return { code: 200, body: this.#update(request) };
      case "patch":
        return { code: 200, body: this.#patch(request) };
      case "apply":
        return this.#apply(request);
      case "delete":
        return { code: 200, body: this.#delete(request) };
      case "deletecollection":
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

  #create(request: ApiRequest): Fields {
    const { kind } = request;
    const given = objectOf(request);
    const { name = "", generateName = "" } = given.metadata as { name?: string; generateName?: string };
    if (name === "" && generateName === "")
      throw invalid(kind, "", [
        required("metadata.name", "Required value: name or generateName is required"),
      ]);
    const created = this.#writes.create(
      contextOf(request),
      this.#placed(request, given, name || `${generateName}${this.#suffix()}`),
    );
    if (keyOf(kind) === "namespaces.") this.#addServiceAccount(name);
    return created;
  }

  /** Five letters for a generated name, different at each call. */
  #suffix(): string {
    this.#names += 1;
    return this.#names.toString(36).padStart(5, "x");
  }

  /** Assigns a pod to the node that a Binding names. */
  #bind(request: ApiRequest): Fields {
    if (keyOf(request.kind) !== "pods." || request.subresource !== "binding") throw methodNotAllowed();
    const pod = this.#live(request);
    const { name: nodeName } = fieldsOf(fieldsOf(request.body)["target"]);
    const status = fieldsOf(pod["status"]);
    const others = itemsOf(status["conditions"]).filter((one) => one["type"] !== "PodScheduled");
    const lastTransitionTime = timestamp(this.#clock.now());
    const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime };
    this.store.put(request.kind, {
      ...pod,
      spec: { ...fieldsOf(pod["spec"]), nodeName },
      status: { ...status, conditions: [...others, scheduled] },
    });
    return success;
  }

  #update(request: ApiRequest): Fields {
    const { kind, subresource, body } = request;
    const live = this.#live(request);
    if (subresource === "scale") return this.#scale(request, live, body);
    const given = objectOf(request);
    if (kind.isCustom && given.metadata.resourceVersion === undefined)
      throw invalid({ ...kind, kind: kind.plural }, live.metadata.name, [
        invalidValue("metadata.resourceVersion", 0, "must be specified for an update"),
      ]);
    return this.#writes.update(contextOf(request), live, given);
  }

  #patch(request: ApiRequest): Fields {
    const { contentType, body, subresource, kind } = request;
    const live = this.#live(request);
    if (subresource === "scale")
      return this.#scale(request, live, patchedBy(contentType, scaleOf(kind, live), body));
    const patched = patchedBy(contentType, live, body);
    if (!isFields(patched) || !isFields(patched["metadata"]))
      throw new Refusal(400, "the patch leaves no object");
    return this.#writes.update(contextOf(request), live, patched as unknown as KubeObject);
  }

  #scale(request: ApiRequest, live: KubeObject, scale: unknown): Fields {
    const updated = this.#writes.update(contextOf(request), live, scaledBy(live, scale));
    return scaleOf(request.kind, updated);
  }

  #apply(request: ApiRequest): Answer {
    const { kind, namespace, name = "", subresource, query } = request;
    // The API server reads an apply into maps, and stores them with sorted keys.
    const config = fieldsOf(JSON.parse(canonical(request.body)));
    if ((query.get("fieldManager") ?? "") === "")
      throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
        required("fieldManager", "Required value: is required for apply patch"),
      ]);
    if ("managedFields" in fieldsOf(config["metadata"]))
      throw new Refusal(400, "metadata.managedFields must be nil");
    const context = contextOf(request);
    const live = this.store.get(kind, namespace, name);
    const force = query.get("force") === "true";
    if (live !== undefined)
      return { code: 200, body: this.#writes.apply({ ...context, force }, live, config) };
    if (subresource !== undefined) throw notFound(kind, name);
    const object = this.#placed(request, objectOf({ ...request, body: config }), name);
    return { code: 201, body: this.#writes.create(context, object, config) };
  }

  #delete(request: ApiRequest): Fields {
    const { kind, body } = request;
    const object = this.#live(request);
    const target = { store: this.store, clock: this.#clock, kind };
    const deleted = deleteObject(target, object, fieldsOf(body));
    if (!deleted.gone || returnsDeleted.has(keyOf(kind))) return deleted.object;
    const { name, uid } = object.metadata;
    const details = { name, ...(kind.group !== "" && { group: kind.group }), kind: kind.plural, uid };
    return { ...success, details };
  }

  #addServiceAccount(namespace: string): void {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } };
    this.#writes.create({ kind: this.kind("serviceaccounts."), manager: controllerManager }, account);
  }

  /** A new object with its name, in the namespace of the request. */
  #placed({ kind, namespace = "" }: ApiRequest, object: KubeObject, name: string): KubeObject {
    if (!kind.namespaced) return withMetadata(object, { name });
    if ((object.metadata.namespace ?? namespace) !== namespace)
      throw new Refusal(
        400,
        "the namespace of the provided object does not match the namespace sent on the request",
      );
    const namespaces = this.kind("namespaces.");
    if (this.store.get(namespaces, undefined, namespace) === undefined) throw notFound(namespaces, namespace);
    return withMetadata(object, { name, namespace });
  }
}
