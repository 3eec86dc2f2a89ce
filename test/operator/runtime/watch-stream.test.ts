import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { parseWatchStream } from "../../../operator/runtime/watch-stream.ts";

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer, void> {
  let start = 0;
  for (let i = 0; start < bytes.length; i += 1) {
    const end = start + (sizes[i % sizes.length] ?? 1);
    yield bytes.subarray(start, end);
    start = end;
  }
}

const collect = async (stream: AsyncIterable<Buffer>): Promise<unknown[]> => {
  const events: unknown[] = [];
  for await (const event of parseWatchStream(stream)) events.push(event);
  return events;
};

test("chunks of any size, also within a character: the same events", async () => {
  const name = fc.string({ unit: "grapheme" });
  await fc.assert(
    fc.asyncProperty(
      fc.array(name, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (names, sizes) => {
        const events = names.map((value) => ({ type: "ADDED", object: { value } }));
        const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
        expect(await collect(chunksOf(bytes, sizes))).toEqual(events);
      },
    ),
  );
});

test("a line is not JSON: throws", async () => {
  await expect(collect(chunksOf(Buffer.from("<html>\n"), [100]))).rejects.toThrow(SyntaxError);
});

test("a line never ends: throws before memory runs out", async () => {
  async function* endless(): AsyncGenerator<Buffer, void> {
    const chunk = Buffer.alloc(1024 * 1024, "x");
    for (;;) yield chunk;
  }
  await expect(collect(endless())).rejects.toThrow(/longer than/);
});

test("a large event in small chunks: takes time in proportion to its size", async () => {
  const line = Buffer.from(`${JSON.stringify({ type: "ADDED", object: "x".repeat(8_000_000) })}\n`);
  const startedMs = performance.now();
  expect(await collect(chunksOf(line, [1024]))).toHaveLength(1);
  // A buffer that copies all previous chunks for every chunk would copy 32 GB.
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
