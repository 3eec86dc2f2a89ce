// `node tools/run.mjs tools/evidence/main.ts [histories]`: prints how fast and how surely the evidence decides, as
// docs/analysis.md has it.
import { run } from "./histories.ts";
import { broken, table } from "./situations.ts";
import { head, rowOf } from "./table.ts";

const histories = Number(process.argv[2] ?? 2_000);
console.log(head.join("\n"));
for (const [situation, promised] of table) {
  const result = run(situation, histories);
  console.log([rowOf(result), ...broken(result, promised).map((promise) => `broken: ${promise}`)].join(" "));
}
