import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";

/** What the demo writes to: standard output, or whatever a test collects. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
}

type Format = Parameters<typeof styleText>[0];

/** What to look at again and again, and until when. */
export interface Follow<T> {
  /** Completes "… did not happen within 60 s". */
  readonly what: string;
  readonly deadlineMs: number;
  readonly look: () => Promise<T>;
  /** One line; printed when it differs from the one before. */
  readonly line: (seen: T) => string;
  /** Ends the watching. May throw: what was seen must not be. */
  readonly done: (seen: T) => boolean;
}

const LOOK_EVERY_MS = 200;

/** Everything that the demo prints. Colour and a live line only on a terminal (and honours NO_COLOR). */
export class Screen {
  readonly #out: Output;
  readonly #startedAt = performance.now();
  #live = false;

  constructor(out: Output) {
    this.#out = out;
  }

  /** Seconds since the demo began. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  title(text: string): void {
    this.#print(`\n${this.#style("bold", text)}`);
  }

  /** Head of a scene. */
  scene(number: number, title: string): void {
    const head = `${number}. ${title}`;
    this.#print(`\n${this.#style("bold", head)}\n${this.#style("dim", "─".repeat(head.length))}`);
  }

  /** The storyteller's words. */
  reasonMessage(...lines: readonly string[]): void {
    this.#print(lines.map((line) => `  ${line}`.trimEnd()).join("\n"));
  }

  /** A command as somebody would type it. */
  command(text: string): void {
    this.#print(`\n  ${this.#style("cyan", `$ ${text}`)}`);
  }

  /** What a command wrote. */
  output(text: string): void {
    const lines = text.trimEnd().split("\n");
    this.#print(lines.map((line) => `  ${line}`.trimEnd()).join("\n"));
  }

  /** Something that was promised and seen to be true; throws if it is not. */
  check(promise: string, kept: boolean): void {
    if (!kept) throw new Error(`this should be true and isn't: ${promise}`);
    this.#print(`  ${this.#style("green", "✓")} ${promise}`);
  }

  failure(reason: string): void {
    this.#print(`\n  ${this.#style("red", "✗")} ${reason}`);
  }

  /** Heads the columns of the lines that `follow` prints. */
  columns(text: string): void {
    this.#print(`\n${this.#style("dim", `     time  ${text}`)}`);
  }

  /** Looks until `done`, and prints each change with the seconds since the start of the watching. */
  async follow<T>({ what, deadlineMs, look, line, done }: Follow<T>): Promise<T> {
    const startedAt = performance.now();
    let shown = "";
    for (;;) {
      const seen = await look();
      const elapsedMs = performance.now() - startedAt;
      const text = line(seen);
      const stamped = `${(elapsedMs / 1000).toFixed(1).padStart(8)}s  ${text}`.trimEnd();
      if (text === shown) this.#show(stamped);
      else this.#print(stamped);
      shown = text;
      if (done(seen)) return seen;
      if (elapsedMs > deadlineMs) throw new Error(`${what} did not happen within ${deadlineMs / 1000} s`);
      await delay(LOOK_EVERY_MS);
    }
  }

  #style(format: Format, text: string): string {
    return this.#out.isTTY === true && !process.env.NO_COLOR
      ? styleText(format, text, { validateStream: false })
      : text;
  }

  /** A line that the next one replaces: shows on a terminal that the time goes on. */
  #show(text: string): void {
    if (this.#out.isTTY !== true) return;
    // A line that wraps could not be replaced.
    const fitting = text.slice(0, (this.#out.columns ?? 80) - 1);
    this.#out.write(`\r\u001B[K${this.#style("dim", fitting)}`);
    this.#live = true;
  }

  #print(text: string): void {
    this.#out.write(`${this.#live ? "\r\u001B[K" : ""}${text}\n`);
    this.#live = false;
  }
}
