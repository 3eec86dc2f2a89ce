import { Agent, type IncomingMessage, get } from "node:http";
import { BlockList, isIPv6 } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { type Sample, metricOf, parseSample } from "./exposition.ts";

/** Where a pod serves its counters. */
export interface Target {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  readonly path: string;
}

export interface ScrapeOptions {
  /** The metrics whose samples are parsed. */
  readonly wanted: ReadonlySet<string>;
  /** Takes a sample of a wanted metric. None of the samples counts if the reading fails later. */
  readonly onSample: (sample: Sample) => void;
  /** True for addresses that must not be connected to. */
  readonly isForbidden: (address: string) => boolean;
}

/** Counters could not be read. The message is a class of error, and has nothing of the response. */
export class ScrapeError extends Error {
  override readonly name = "ScrapeError";
}

/** Limits of a response. A process of many apps must stay small and fast whatever a pod sends. */
const [timeoutMs, maxBytes, maxLines, maxLineLength] = [2_000, 1024 * 1024, 10_000, 16_384];
/** Most names that are kept of metrics that nobody wants. */
const maxNames = 20;

const internal = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  internal.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  internal.addSubnet(network, prefix, "ipv6");

/**
 * True for addresses that are no pod's: unspecified, loopback, link-local (where clouds serve credentials), multicast and
 * reserved ones, also as IPv4 addresses in IPv6 notation.
 */
export const isInternal = (address: string): boolean =>
  internal.check(address, isIPv6(address) ? "ipv6" : "ipv4");

/** Addresses that must not be connected to: those that are no pod's, and that of the API server at a URL. */
export function forbiddenWith(server: string): (address: string) => boolean {
  // An IPv6 address is in brackets.
  const apiServer = URL.parse(server)?.hostname.replaceAll(/[[\]]/g, "");
  return (address) => address === apiServer || isInternal(address);
}

/** Splits a stream into lines, and passes on what is wanted. Keeps little: many pods are read at the same time. */
class Collector {
  readonly names = new Set<string>();
  readonly #options: ScrapeOptions;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #bytes = 0;
  #lines = 0;

  constructor(options: ScrapeOptions) {
    this.#options = options;
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxBytes) throw new ScrapeError(`the response has more than ${maxBytes} bytes`);
    const lines = `${this.#rest}${this.#decoder.write(chunk)}`.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#addLine(line);
    this.#checkLength(this.#rest);
  }

  end(): void {
    this.#addLine(this.#rest + this.#decoder.end());
  }

  #checkLength({ length }: string): void {
    if (length > maxLineLength)
      throw new ScrapeError(`line ${this.#lines + 1} has more than ${maxLineLength} characters`);
  }

  #addLine(text: string): void {
    this.#checkLength(text);
    this.#lines += 1;
    if (this.#lines > maxLines) throw new ScrapeError(`the response has more than ${maxLines} lines`);
    const line = text.trim();
    const name = metricOf(line);
    const isWanted = name !== undefined && this.#options.wanted.has(name);
    if (name !== undefined && (isWanted || this.names.size < maxNames)) this.names.add(name);
    if (line === "" || line.startsWith("#")) return;
    // Other metrics need not be parsed, but a page of another kind must not count as one without counters.
    if (name !== undefined && !isWanted) return;
    const sample = parseSample(line);
    if (sample === undefined)
      throw new ScrapeError(`line ${this.#lines} is not in the Prometheus text format`);
    this.#options.onSample(sample);
  }
}

const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed",
  EHOSTUNREACH: "the pod can't be reached",
  ENETUNREACH: "the pod can't be reached",
};

/** Connections are not kept: between two looks a pod may close them, and a kept one would hold memory for each pod. */
const agent = new Agent({ keepAlive: false });

/** Why the body of a response must not be read; undefined if it may be read. */
function refusalOf({ statusCode = 0, headers, socket }: IncomingMessage, options: ScrapeOptions) {
  if (socket.remoteAddress === undefined || options.isForbidden(socket.remoteAddress))
    return "the address is not a pod's";
  if (statusCode >= 300 && statusCode < 400) return `the response is a redirect (status ${statusCode})`;
  if (statusCode !== 200) return `the response has status ${statusCode}`;
  if ((headers["content-encoding"] ?? "identity") !== "identity") return "the response is compressed";
  return undefined;
}

async function collect(response: IncomingMessage, options: ScrapeOptions): Promise<ReadonlySet<string>> {
  const refusal = refusalOf(response, options);
  if (refusal !== undefined) throw new ScrapeError(refusal);
  const collector = new Collector(options);
  for await (const chunk of response as AsyncIterable<Buffer>) collector.add(chunk);
  collector.end();
  return collector.names;
}

const respond = ({ address, port, path }: Target, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    // Node.js ends a request without an event if the response switches protocols.
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    const headers = { accept: "text/plain;version=0.0.4", "accept-encoding": "identity" };
    get({ host: address, port, path, agent, headers, signal, maxHeaderSize: 16_384 }, resolve).on(
      "error",
      reject,
    );
  });

/**
 * Reads the counters of a pod: over a new connection, without proxy, redirects and decompression, in at most 2 s, 1 MiB and
 * 10,000 lines. Returns the names of metrics: of all that are wanted and there, and of some others. Rejects with a
 * `ScrapeError`.
 */
export async function scrape(target: Target, options: ScrapeOptions): Promise<ReadonlySet<string>> {
  if (options.isForbidden(target.address)) throw new ScrapeError("the address is not a pod's");
  const ended = new AbortController();
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const names = await collect(await respond(target, AbortSignal.any([timeout, ended.signal])), options);
    // A response without a length ends with its connection, also if the timeout closed it.
    timeout.throwIfAborted();
    return names;
  } catch (error) {
    if (error instanceof ScrapeError) throw error;
    if (timeout.aborted)
      throw new ScrapeError(`no complete response within ${timeoutMs / 1000} s`, { cause: error });
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new ScrapeError(codes[code] ?? "the response is not valid HTTP", { cause: error });
  } finally {
    ended.abort();
  }
}
