// `node tools/run.mjs tools/evidence/main.ts [histories]`: prints how fast and how surely the evidence decides.
import { run } from "./histories.ts";
import { broken, table } from "./situations.ts";

const histories = Number(process.argv[2] ?? 2_000);
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
const time = (seconds: number | undefined): string => (seconds === undefined ? "-" : `${seconds} s`);

console.log("| stable / candidate | rejected | passed | median until decided | 95 % within |");
console.log("| --- | ---: | ---: | ---: | ---: |");
for (const [situation, promised] of table) {
  const result = run(situation, histories);
  const { name, rejected, passed, medianSeconds, p95Seconds } = result;
  const cells = [name, percent(rejected), percent(passed), time(medianSeconds), time(p95Seconds)];
  console.log(`| ${[...cells, ...broken(result, promised)].join(" | ")} |`);
}
