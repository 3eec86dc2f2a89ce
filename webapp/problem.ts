import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Creates an error response: `{"error":"<message>"}`, without a stack trace. */
export const problem = (c: Context, status: ContentfulStatusCode, error: string): Response =>
  c.json({ error }, status);
