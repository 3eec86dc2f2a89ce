import type { Dispatcher } from "undici";
import { ResponseTooLargeError, apiErrorOf } from "./api-error.ts";
import { maxObjectBytes } from "./kubernetes.ts";
import { Semaphore } from "./semaphore.ts";
import type { HttpRequest } from "./transport.ts";

type Request = Pick<HttpRequest, "path" | "maxBytes">;

interface ReadOptions<T> {
  /** Ends the wait for another large response. */
  readonly signal: AbortSignal;
  readonly parse: (text: string) => T;
}

/** Larger responses are read one after the other. Most objects, and most pages of small objects, are smaller. */
const largeBytes = 256 * 1024;

/**
 * Reads responses. A large one is in memory as bytes, as text and as objects, and all connections together could take
 * more memory than the process may have. So only one large response is read and parsed at a time. The others keep their
 * first `largeBytes`, and the rest waits in the network.
 */
export class ResponseReader {
  readonly #large = new Semaphore(1);

  /** The parsed text. Throws `ResponseTooLargeError` and closes the connection if the response is too long. */
  async read<T>(
    { path, maxBytes = maxObjectBytes }: Request,
    { body }: Dispatcher.ResponseData,
    { signal, parse }: ReadOptions<T>,
  ): Promise<T> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let release: (() => void) | undefined;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new ResponseTooLargeError(path, maxBytes);
        chunks.push(chunk);
        if (bytes > largeBytes) release ??= await this.#large.acquire(signal);
      }
      return parse(Buffer.concat(chunks).toString("utf8"));
    } finally {
      release?.();
    }
  }

  /** Throws the `ApiError` of a response with an error status. */
  async throwApiError(
    request: Request,
    response: Dispatcher.ResponseData,
    signal: AbortSignal,
  ): Promise<never> {
    const retryAfter = response.headers["retry-after"];
    const parse = (text: string) => apiErrorOf(response.statusCode, text, retryAfter);
    throw await this.read(request, response, { signal, parse });
  }
}
