import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fields } from "./json.ts";
import type { Kind } from "./kinds/kind.ts";
import { type Refusal, badRequest, methodNotAllowed, noSuchKind, noSuchPath } from "./refusal.ts";
import { type ApiRequest, parsePath, verbOf } from "./request.ts";

const subresources: ReadonlySet<string | undefined> = new Set([undefined, "status", "scale", "binding"]);

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${String(error)}`);
  }
}

/** Understands a request; throws `Refusal` if it is for nothing that is served. */
export async function readRequest(
  message: IncomingMessage,
  kinds: ReadonlyMap<string, Kind>,
): Promise<ApiRequest> {
  const url = new URL(message.url ?? "/", "http://127.0.0.1");
  const text = await textOf(message);
  const path = parsePath(url.pathname);
  const isServed = [...kinds.values()].some(
    ({ group, version }) => group === path?.group && version === path.version,
  );
  if (path === undefined || !isServed) throw noSuchPath();
  const kind = kinds.get(`${path.plural}.${path.group}`);
  if (kind === undefined) throw noSuchKind();
  const { namespace, name, subresource } = path;
  const contentType = message.headers["content-type"] ?? "application/json";
  const query = url.searchParams;
  const verb = verbOf(message.method ?? "GET", path, { query, contentType });
  if (verb === undefined) throw methodNotAllowed();
  if (!subresources.has(subresource)) throw noSuchKind();
  const userAgent = message.headers["user-agent"] ?? "";
  return { verb, kind, namespace, name, subresource, query, body: parsed(text), contentType, userAgent };
}

/** Answers with an object. */
export function send(response: ServerResponse, code: number, body: Fields): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** Answers with the Status of a refusal. */
export function sendRefusal(response: ServerResponse, { status }: Refusal): void {
  const { code, details } = status;
  if (details?.retryAfterSeconds !== undefined)
    response.setHeader("retry-after", String(details.retryAfterSeconds));
  if (code === 404 && details === undefined) {
    // What no group serves is not answered in JSON.
    response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
    response.end("404 page not found\n");
    return;
  }
  send(response, code, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...status });
}
