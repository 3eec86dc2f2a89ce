import type { Writable } from "node:stream";

/** Tells a person what `up` and `down` do: one line a step, with the seconds since the start. */
export interface Progress {
  /** Runs `work` and prints a line when it is done; `tick` replaces what is shown meanwhile. */
  step<T>(title: string, work: (tick: (text: string) => void) => Promise<T>): Promise<T>;
  /** A line of its own, for what a person should know. */
  note(text: string): void;
}

/** A progress that prints nothing, for tests. */
export const silent: Progress = {
  step: (_title, work) => work(() => undefined),
  note: () => undefined,
};

const TITLE_WIDTH = 46;
/** Where nothing can be overwritten (a log file), a long step shows this often that it is alive. */
const HEARTBEAT_MS = 30_000;

const paint = (code: number, text: string, on: boolean): string =>
  on ? `\u001B[${code}m${text}\u001B[0m` : text;

/** Prints to `out`; colour (unless NO_COLOR is set) and a live line only on a terminal. */
export function consoleProgress(out: Writable & { readonly isTTY?: boolean } = process.stderr): Progress {
  const startedAt = performance.now();
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)}s`;
  const tty = out.isTTY === true;
  const colour = tty && !process.env.NO_COLOR;
  const clear = tty ? "\r\u001B[K" : "";
  const line = (mark: string, text: string): void => {
    out.write(`${clear}  ${mark} ${text.padEnd(TITLE_WIDTH)}${seconds()}\n`);
  };

  async function step<T>(title: string, work: (tick: (text: string) => void) => Promise<T>): Promise<T> {
    let shownAt = performance.now();
    const tick = (text: string): void => {
      if (tty) out.write(`${clear}  … ${`${title}: ${text}`.padEnd(TITLE_WIDTH)}${seconds()}`);
      else if (performance.now() - shownAt >= HEARTBEAT_MS) {
        shownAt = performance.now();
        line("…", `${title}: ${text}`);
      }
    };
    try {
      const value = await work(tick);
      line(paint(32, "✓", colour), title);
      return value;
    } catch (error) {
      line(paint(31, "✗", colour), title);
      throw error;
    }
  }
  return { step, note: (text) => out.write(`${clear}  ${text}\n`) };
}
