import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { Fields } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";
import { Refusal, methodNotAllowed, noSuchKind, noSuchPath } from "./refusal.ts";

export type Verb =
  "get" | "list" | "watch" | "create" | "update" | "patch" | "apply" | "delete" | "deletecollection";

/** A parsed request. */
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

const reading: ReadonlySet<Verb> = new Set(["get", "list", "watch"]);
export const isWrite = ({ verb }: Pick<ApiRequest, "verb">): boolean => !reading.has(verb);

const subresources: ReadonlySet<string | undefined> = new Set([undefined, "status", "scale", "binding"]);

/** Parses `/api/v1/…` and `/apis/<group>/<version>/…`. */
function parsePath(pathname: string) {
  const [root, ...parts] = pathname.split("/").slice(1).map(decodeURIComponent);
  if (root !== "api" && root !== "apis") throw noSuchPath();
  const group = root === "api" ? "" : (parts.shift() ?? "");
  const version = parts.shift();
  const isNamespaced = parts[0] === "namespaces" && parts.length > 2 && parts[2] !== "status";
  const namespace = isNamespaced ? parts.splice(0, 2)[1] : undefined;
  const [plural, name, subresource] = parts;
  return { group, version, namespace, plural, name, subresource };
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
const objectVerbs: Partial<Record<Method, Verb>> = {
  GET: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const collectionVerbs: Partial<Record<Method, Verb>> = {
  GET: "list",
  POST: "create",
  DELETE: "deletecollection",
};

type Shape = Pick<ApiRequest, "name" | "subresource" | "query" | "contentType">;

function verbOf(method: Method, { name, subresource, query, contentType }: Shape): Verb | undefined {
  if (name === undefined) {
    const isWatch = ["true", "1"].includes(query.get("watch") ?? "");
    return method === "GET" && isWatch ? "watch" : collectionVerbs[method];
  }
  if (method === "POST" && subresource !== undefined) return "create";
  const isApply = method === "PATCH" && contentType.startsWith("application/apply-patch");
  return isApply ? "apply" : objectVerbs[method];
}

function parseBody(body: string): unknown {
  try {
    return body === "" ? undefined : JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, `couldn't get version/kind; json parse error: ${String(error)}`);
  }
}

/** Parses a request; throws `Refusal` if the server does not serve its path or its method. */
export async function readRequest(
  message: IncomingMessage,
  kinds: ReadonlyMap<string, Kind>,
): Promise<ApiRequest> {
  const { method = "GET", url = "/", headers } = message;
  const { pathname, searchParams: query } = new URL(url, "http://127.0.0.1");
  const body = await text(message);
  const { group, version, plural, namespace, name, subresource } = parsePath(pathname);
  if (![...kinds.values()].some((one) => one.group === group && one.version === version)) throw noSuchPath();
  const kind = kinds.get(`${plural}.${group}`);
  if (kind === undefined || !subresources.has(subresource)) throw noSuchKind();
  const { "content-type": contentType = "application/json", "user-agent": userAgent = "" } = headers;
  const request = { kind, namespace, name, subresource, query, contentType, userAgent };
  const verb = verbOf(method as Method, request);
  if (verb === undefined) throw methodNotAllowed();
  return { ...request, verb, body: parseBody(body) };
}
