import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";

/** Where the demo writes: standard output, or a buffer in tests. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
}

/** A state to poll and print until `done` is true of it. */
export interface Follow<T> {
  /** Subject of the error "… did not happen within 60 s". */
  readonly what: string;
  /** Default: 180,000, more than any step takes on a slow machine. */
  readonly deadlineMs?: number;
  /** Reads the state. */
  readonly poll: () => Promise<T>;
  /** Printed each time it changes. */
  readonly line: (state: T) => string;
  /** Counters at the end of the line; a change of these alone prints no line. */
  readonly counters?: () => string;
  /** True ends the polling. */
  readonly done: (state: T) => boolean;
}

const pollMs = 200;

/** Everything that the demo prints. Colour and a live line only on a terminal; NO_COLOR is honoured. */
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

  /** Heading of a step. */
  step(number: number, title: string): void {
    const heading = `${number}. ${title}`;
    this.title(heading);
    this.#print(this.#style("dim", "─".repeat(heading.length)));
  }

  /** Explanation between the commands. */
  text(...lines: readonly string[]): void {
    this.#print(lines.map((line) => `  ${line}`.trimEnd()).join("\n"));
  }

  /** A command as a person would type it. */
  command(text: string): void {
    this.#print(`\n  ${this.#style("cyan", `$ ${text}`)}`);
  }

  /** Output of a command. */
  output(text: string): void {
    this.text(...text.trimEnd().split("\n"));
  }

  /** Prints a statement with a check mark; throws if the statement is not true. */
  check(statement: string, isTrue: boolean): void {
    if (!isTrue) throw new Error(`expected, but not true: ${statement}`);
    this.#print(`  ${this.#style("green", "✓")} ${statement}`);
  }

  failure(reason: string): void {
    this.#print(`\n  ${this.#style("red", "✗")} ${reason}`);
  }

  /** Polls until `done`; prints each change with the seconds since the first poll. `columns` is the heading. */
  async follow<T>(columns: string, { what, deadlineMs = 180_000, ...follow }: Follow<T>): Promise<T> {
    this.#print(`\n${this.#style("dim", `     time  ${columns}`)}`);
    const startedAt = performance.now();
    let printed: string | undefined;
    for (;;) {
      const state = await follow.poll();
      const elapsedMs = performance.now() - startedAt;
      const line = follow.line(state);
      const seconds = (elapsedMs / 1000).toFixed(1).padStart(8);
      const text = `${seconds}s  ${line}${follow.counters?.() ?? ""}`.trimEnd();
      if (line === printed) this.#replace(text);
      else this.#print(text);
      printed = line;
      if (follow.done(state)) return state;
      if (elapsedMs > deadlineMs) throw new Error(`${what} did not happen within ${deadlineMs / 1000} s`);
      await delay(pollMs);
    }
  }

  #style(format: Parameters<typeof styleText>[0], text: string): string {
    const coloured = this.#out.isTTY === true && !process.env.NO_COLOR;
    return coloured ? styleText(format, text, { validateStream: false }) : text;
  }

  /** Prints a line that the next line replaces. On a terminal it shows that the demo is running. */
  #replace(text: string): void {
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
