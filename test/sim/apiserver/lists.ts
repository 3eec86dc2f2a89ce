import type { KubeObject } from "../../../operator/runtime/kubernetes.ts";
import type { Fields } from "./json.ts";
import { badRequest, expired } from "./refusal.ts";
import type { ApiRequest } from "./request.ts";
import { type Predicate, fieldPredicate, labelPredicate } from "./selectors.ts";
import type { Store } from "./store.ts";

/** What is left of a list that was asked for page by page: it stays as it was at the first page. */
interface Rest {
  readonly revision: number;
  readonly items: readonly KubeObject[];
}

/** As many unfinished lists are remembered. */
const restLimit = 200;

/** What a request's selectors ask for. */
export function predicateOf({ query }: Pick<ApiRequest, "query">): Predicate {
  const labels = query.get("labelSelector") ?? "";
  const fields = query.get("fieldSelector") ?? "";
  const byLabels = labels === "" ? undefined : labelPredicate(labels);
  const byFields = fields === "" ? undefined : fieldPredicate(fields);
  return (object) => (byLabels?.(object) ?? true) && (byFields?.(object) ?? true);
}

/** Lists, in pages if asked for. */
export class Lists {
  readonly #store: Store;
  readonly #rests = new Map<string, Rest>();
  #tokens = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** All objects that the request selects. */
  select({ kind, namespace, query }: ApiRequest): readonly KubeObject[] {
    return this.#store.list(kind, namespace).filter(predicateOf({ query }));
  }

  page(request: ApiRequest): Fields {
    const { kind, query } = request;
    const { items, revision } = this.#rest(request);
    const limit = Number(query.get("limit") ?? 0);
    if (!Number.isInteger(limit) || limit < 0) throw badRequest(`limit: ${query.get("limit")} is no number`);
    const isLast = limit === 0 || items.length <= limit;
    const left = isLast ? undefined : { revision, items: items.slice(limit) };
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    return {
      kind: `${kind.kind}List`,
      apiVersion,
      metadata: {
        resourceVersion: String(revision),
        ...(left === undefined && query.has("continue") && { continue: "" }),
        ...(left && { continue: this.#remember(left), remainingItemCount: left.items.length }),
      },
      items: (isLast ? items : items.slice(0, limit)).map((item) => listed(item, kind.group)),
    };
  }

  /** Makes every continue token too old. */
  forget(): void {
    this.#rests.clear();
  }

  #rest(request: ApiRequest): Rest {
    const token = request.query.get("continue") ?? "";
    if (token === "") return { revision: this.#store.revision, items: this.select(request) };
    const rest = this.#rests.get(token);
    if (rest !== undefined) return rest;
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }

  #remember(rest: Rest): string {
    this.#tokens += 1;
    const token = Buffer.from(
      JSON.stringify({ v: "meta.k8s.io/v1", rv: rest.revision, page: this.#tokens }),
    ).toString("base64url");
    this.#rests.set(token, rest);
    const [oldest] = this.#rests.keys();
    if (this.#rests.size > restLimit && oldest !== undefined) this.#rests.delete(oldest);
    return token;
  }
}

/** Items of built-in kinds come without apiVersion and kind. */
function listed(item: KubeObject, group: string): Fields {
  const isCustom = group.includes(".") && !group.endsWith(".k8s.io");
  const { apiVersion: _, kind: __, ...rest } = item;
  return isCustom ? item : rest;
}
