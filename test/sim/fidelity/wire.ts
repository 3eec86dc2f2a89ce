import { request } from "undici";

/** One request as a client sends it. */
export interface Step {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** The type of a patch. */
  readonly type?: "apply" | "merge" | "json";
}

export interface Reply {
  readonly code: number;
  readonly body: unknown;
}

export type Send = (step: Step) => Promise<Reply>;

const contentTypes = {
  none: "application/json",
  apply: "application/apply-patch+yaml",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
} as const;

/** Sends requests to a server without TLS. */
export const sendTo =
  (url: string): Send =>
  async ({ method, path, body, type }) => {
    const contentType = contentTypes[type ?? "none"];
    const answer = await request(`${url}${path}`, {
      method,
      headers: { "user-agent": "fidelity/1", accept: "application/json", "content-type": contentType },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const isJson = answer.headers["content-type"]?.includes("json");
    return { code: answer.statusCode, body: isJson ? await answer.body.json() : await answer.body.text() };
  };
