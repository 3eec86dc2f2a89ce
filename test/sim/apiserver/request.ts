import type { Fields } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";

export type Verb =
  "get" | "list" | "watch" | "create" | "update" | "patch" | "apply" | "delete" | "deletecollection";

/** A request once its URL is understood. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  /** Absent for collections. */
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly contentType: string;
  readonly userAgent: string;
}

export interface Answer {
  readonly code: number;
  readonly body: Fields;
}

const writing: ReadonlySet<Verb> = new Set([
  "create",
  "update",
  "patch",
  "apply",
  "delete",
  "deletecollection",
]);

export const isWrite = ({ verb }: Pick<ApiRequest, "verb">): boolean => writing.has(verb);

interface Path {
  readonly group: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…`; undefined for any other path. */
export function parsePath(pathname: string): Path | undefined {
  const [root, ...parts] = pathname.split("/").slice(1).map(decodeURIComponent);
  if (root !== "api" && root !== "apis") return undefined;
  const group = root === "api" ? "" : (parts.shift() ?? "");
  const version = parts.shift() ?? "";
  const isInNamespace =
    parts[0] === "namespaces" && parts.length > 2 && !["status", "finalize"].includes(parts[2] ?? "");
  const namespace = isInNamespace ? parts.splice(0, 2)[1] : undefined;
  const [plural, name, subresource] = parts;
  return plural === undefined ? undefined : { group, version, namespace, plural, name, subresource };
}

const single: Readonly<Record<string, Verb>> = {
  GET: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const collection: Readonly<Record<string, Verb>> = {
  GET: "list",
  POST: "create",
  DELETE: "deletecollection",
};

/** What a method does at a path; undefined if nothing. */
export function verbOf(
  method: string,
  path: Path,
  rest: { query: URLSearchParams; contentType: string },
): Verb | undefined {
  if (path.name === undefined) {
    const isWatch = ["true", "1"].includes(rest.query.get("watch") ?? "");
    return method === "GET" && isWatch ? "watch" : collection[method];
  }
  if (method === "POST" && path.subresource !== undefined) return "create";
  if (method === "PATCH" && rest.contentType.startsWith("application/apply-patch")) return "apply";
  return single[method];
}
