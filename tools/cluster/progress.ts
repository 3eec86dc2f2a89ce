import type { Writable } from "node:stream";

/** Prints the steps of `up` and `down`: one line per step, with the seconds since the start. */
export interface Progress {
  /** Runs `work`, then prints one line. Until then, `tick` shows an intermediate state. */
  step<T>(title: string, work: (tick: (text: string) => void) => Promise<T>): Promise<T>;
  /** Prints a line that belongs to no step. */
  note(text: string): void;
}

/** Prints nothing, for tests. */
export const silent: Progress = {
  step: (_title, work) => work(() => undefined),
  note: () => undefined,
};

const TITLE_WIDTH = 46;
/** Interval of intermediate states in a log file, where a line can't be overwritten. */
const LOG_INTERVAL_MS = 30_000;

/** Prints to `out`; uses colours (unless NO_COLOR is set) and overwrites lines only on a terminal. */
export function consoleProgress(out: Writable & { readonly isTTY?: boolean } = process.stderr): Progress {
  const startedAt = performance.now();
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)}s`;
  const tty = out.isTTY === true;
  const paint = (code: number, text: string): string =>
    tty && !process.env.NO_COLOR ? `\u001B[${code}m${text}\u001B[0m` : text;
  const clear = tty ? "\r\u001B[K" : "";
  const line = (mark: string, text: string): void => {
    out.write(`${clear}  ${mark} ${text.padEnd(TITLE_WIDTH)}${seconds()}\n`);
  };

  async function step<T>(title: string, work: (tick: (text: string) => void) => Promise<T>): Promise<T> {
    let shownAt = performance.now();
    const tick = (text: string): void => {
      if (tty) out.write(`${clear}  … ${`${title}: ${text}`.padEnd(TITLE_WIDTH)}${seconds()}`);
      else if (performance.now() - shownAt >= LOG_INTERVAL_MS) {
        shownAt = performance.now();
        line("…", `${title}: ${text}`);
      }
    };
    try {
      const value = await work(tick);
      line(paint(32, "✓"), title);
      return value;
    } catch (error) {
      line(paint(31, "✗"), title);
      throw error;
    }
  }
  return { step, note: (text) => out.write(`${clear}  ${text}\n`) };
}
