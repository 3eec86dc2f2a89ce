import { type KubeObject, apiVersionOf } from "../../../operator/runtime/kubernetes.ts";
import type { Fields } from "./json.ts";
import { Refusal } from "./refusal.ts";
import type { ApiRequest } from "./request.ts";
import { predicateOf } from "./selectors.ts";
import type { Store } from "./store.ts";

/** The unread items of a paged list, as they were when the client read the first page. */
interface Rest {
  readonly revision: number;
  readonly items: readonly KubeObject[];
}

/** Answers list requests, in pages if the client sets a limit. `forget` makes every continue token expire. */
export function listsOf(store: Store) {
  const rests = new Map<string, Rest>();

  function restOf({ kind, namespace, query }: ApiRequest): Rest {
    const token = query.get("continue") ?? "";
    if (token === "")
      return { revision: store.revision, items: store.list(kind, namespace).filter(predicateOf(query)) };
    const rest = rests.get(token);
    if (rest !== undefined) return rest;
    throw new Refusal(
      410,
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }

  function page(request: ApiRequest): Fields {
    const { kind, query } = request;
    const { items, revision } = restOf(request);
    const limit = Number(query.get("limit") ?? 0) || items.length;
    const left = items.slice(limit);
    const token = left.length > 0 ? crypto.randomUUID() : "";
    if (token !== "") rests.set(token, { revision, items: left });
    return {
      kind: `${kind.kind}List`,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(revision),
        ...((token !== "" || query.has("continue")) && { continue: token }),
        ...(token !== "" && { remainingItemCount: left.length }),
      },
      items: items.slice(0, limit).map((item) => (kind.isCustom ? item : withoutType(item))),
    };
  }

  return { page, forget: () => rests.clear() };
}

/** The API server omits apiVersion and kind of the items of built-in kinds. */
function withoutType(object: KubeObject): Fields {
  const { apiVersion: _, kind: __, ...item } = object;
  return item;
}
