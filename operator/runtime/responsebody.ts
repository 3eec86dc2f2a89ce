import type { Dispatcher } from "undici";
import { ResponseTooLargeError, apiErrorOf } from "./api-error.ts";
import { maxObjectBytes } from "./kubernetes.ts";
import type { HttpRequest } from "./transport.ts";

type Request = Pick<HttpRequest, "path" | "maxBytes">;

/** The text of a response. Throws `ResponseTooLargeError` and closes the connection if the response is too long. */
export async function readText(
  { path, maxBytes = maxObjectBytes }: Request,
  { body }: Dispatcher.ResponseData,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ResponseTooLargeError(path, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Throws the `ApiError` of a response with an error status. */
export async function throwApiError(request: Request, response: Dispatcher.ResponseData): Promise<never> {
  const text = await readText(request, response);
  throw apiErrorOf(response.statusCode, text, response.headers["retry-after"]);
}
