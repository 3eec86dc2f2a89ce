import type { Result } from "./histories.ts";

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;
const time = (seconds: number | undefined): string => (seconds === undefined ? "–" : `${seconds} s`);

/** The head of the table in docs/analysis.md. */
export const head = [
  "| Failed requests: stable / new version | rejected | passed | half decided within | 95 % decided within |",
  "| --- | ---: | ---: | ---: | ---: |",
];

/** The row of a situation. */
export const rowOf = ({ name, rejected, passed, medianSeconds, p95Seconds }: Result): string =>
  `| ${[name, percent(rejected), percent(passed), time(medianSeconds), time(p95Seconds)].join(" | ")} |`;
