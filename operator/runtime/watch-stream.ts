import { ConnectionError } from "./api-error.ts";
import { type WatchEvent, maxObjectBytes } from "./kubernetes.ts";

const newline = 0x0a;

/** Splits a stream of chunks into lines. Searches and copies each byte once. */
class LineBuffer {
  #parts: Buffer[] = [];
  #bytes = 0;

  /** Yields the lines that end in this chunk. */
  *push(chunk: Buffer): Generator<string, void> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      yield this.#take(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > maxObjectBytes) throw new Error(`a watch event is longer than ${maxObjectBytes} bytes`);
    this.#parts.push(part);
  }

  #take(part: Buffer): string {
    if (this.#bytes === 0) return part.toString("utf8");
    const line = Buffer.concat([...this.#parts, part]).toString("utf8");
    this.#parts = [];
    this.#bytes = 0;
    return line;
  }
}

/**
 * Yields the events of a watch's byte stream, one JSON document per line. Throws a `SyntaxError` if a line is
 * not JSON, and a `ConnectionError` if the stream ends within a line.
 */
export async function* parseWatchStream(chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent, void> {
  const buffer = new LineBuffer();
  for await (const chunk of chunks) {
    for (const line of buffer.push(chunk)) {
      if (line !== "") yield JSON.parse(line) as WatchEvent;
    }
  }
  if (!buffer.isEmpty)
    throw new ConnectionError("ECONNRESET", new Error("the watch stream ended within an event"));
}
