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

/** Answers list requests, in pages if the client sets a limit. */
export class Lists {
  readonly #store: Store;
  readonly #rests = new Map<string, Rest>();
  #tokens = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** All objects that the request selects. */
  select({ kind, namespace, query }: ApiRequest): readonly KubeObject[] {
    return this.#store.list(kind, namespace).filter(predicateOf(query));
  }

  page(request: ApiRequest): Fields {
    const { kind, query } = request;
    const { items, revision } = this.#restOf(request);
    const limit = Number(query.get("limit") ?? 0) || items.length;
    const left = items.slice(limit);
    return {
      kind: `${kind.kind}List`,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(revision),
        ...(query.has("continue") && { continue: "" }),
        ...(left.length > 0 && {
          continue: this.#remember({ revision, items: left }),
          remainingItemCount: left.length,
        }),
      },
      items: items.slice(0, limit).map((item) => (kind.isCustom ? item : withoutType(item))),
    };
  }

  /** Makes every continue token expire. */
  forget(): void {
    this.#rests.clear();
  }

  #restOf(request: ApiRequest): Rest {
    const token = request.query.get("continue") ?? "";
    if (token === "") return { revision: this.#store.revision, items: this.select(request) };
    const rest = this.#rests.get(token);
    if (rest !== undefined) return rest;
    throw new Refusal(
      410,
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }

  #remember(rest: Rest): string {
    this.#tokens += 1;
    const token = `page-${this.#tokens}`;
    this.#rests.set(token, rest);
    return token;
  }
}

/** The API server omits apiVersion and kind of the items of built-in kinds. */
function withoutType(object: KubeObject): Fields {
  const { apiVersion: _, kind: __, ...item } = object;
  return item;
}
