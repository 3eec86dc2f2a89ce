/** Generates the table in docs/canary.md: the share of the pods that a canary reaches for each weight. */
import { demoAppSpec } from "../operator/api/schema.ts";
import { mostOf } from "../operator/core/defaults.ts";
import { sizesFor } from "../operator/core/weight.ts";
import { withPart } from "./reference.ts";

const begin = "<!-- weights: made from operator/core/weight.ts by `npm run generate` -->";
const end = "<!-- end of the weights -->";

const replicas = [1, 2, 4, 10];
const weights = [1, 10, 20, 25, 33, 50, 75, 90, 100];

/** "3 + 1, 25 %": stable pods, pods of the candidate, and the candidate's share, with the default `maxSurge`. */
function cell(weight: number, replicas: number): string {
  const spec = demoAppSpec.parse({ image: "none", replicas, strategy: { type: "Canary" } });
  const { stable, candidate } = sizesFor({ weight, replicas, most: mostOf(spec) });
  return `${stable} + ${candidate}, ${Math.round((candidate * 100) / (stable + candidate))} %`;
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** The page with a new table. */
export const weightTable = (page: string): string =>
  withPart(page, {
    begin,
    end,
    lines: [
      row(["`setWeight`", ...replicas.map((count) => `\`replicas: ${count}\``)]),
      row(["---:", ...replicas.map(() => "---:")]),
      ...weights.map((weight) => row([`${weight} %`, ...replicas.map((count) => cell(weight, count))])),
    ],
  });
