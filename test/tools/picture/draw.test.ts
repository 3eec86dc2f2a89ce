import { expect, test } from "@jest/globals";
import { type Moment, picture } from "../../../tools/picture/draw.ts";

const moments: readonly Moment[] = [
  { seconds: 0, stable: 4, candidate: 0, weight: undefined, doing: "" },
  { seconds: 1, stable: 4, candidate: 0, weight: { desired: 25, actual: 0 }, doing: "25%" },
  { seconds: 6, stable: 3, candidate: 1, weight: { desired: 25, actual: 25 }, doing: "pause" },
  { seconds: 7, stable: 3, candidate: 1, weight: undefined, doing: "promoting" },
];

test("the picture of a canary: one area for each track, one line for each weight, one label for each step", () => {
  const svg = picture(moments, { replicas: 4, most: 5 });
  const of = (pattern: RegExp): readonly (string | undefined)[] =>
    [...svg.matchAll(pattern)].map(([, found]) => found);
  expect(of(/<path class="(\w+)"/g)).toEqual(["candidate", "stable", "desired", "actual"]);
  expect(of(/>(25%|[a-z]+)<\/text>/g)).toEqual(["replicas", "25%", "pause", "promoting"]);
  // Ten seconds on 532 pixels; three of five pods are at three fifths of the height.
  expect(svg).toContain(
    `<path class="stable" d="M56.0 88.0H109.2V88.0H375.2V120.0H428.4V120.0H588V216H56Z"/>`,
  );
  expect(svg).toContain(`<path class="actual" d="M109.2 376.0H375.2V351.0H428.4"/>`);
});
