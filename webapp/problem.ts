import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Every answer that is not a success: `{"error":"<sentence>"}`, never a stack trace. */
export const problem = (c: Context, status: ContentfulStatusCode, error: string): Response =>
  c.json({ error }, status);
