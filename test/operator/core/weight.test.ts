import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { sizesFor } from "../../../operator/core/weight.ts";

test.each([
  { weight: 10, replicas: 4, most: 5, sizes: "4+1" },
  { weight: 50, replicas: 4, most: 5, sizes: "2+2" },
  { weight: 100, replicas: 4, most: 8, sizes: "0+4" },
  { weight: 50, replicas: 4, most: 8, sizes: "4+4" },
  { weight: 10, replicas: 1, most: 2, sizes: "1+1" },
  { weight: 90, replicas: 1, most: 2, sizes: "0+1" },
  { weight: 1, replicas: 1000, most: 1250, sizes: "990+10" },
  { weight: 30, replicas: 0, most: 0, sizes: "0+0" },
])("$weight % of $replicas replicas with at most $most pods: $sizes", ({ sizes, ...wanted }) => {
  const { stable, candidate } = sizesFor(wanted);
  expect(`${stable}+${candidate}`).toBe(sizes);
});

test("any share: the sizes are within the bounds, and no others within the bounds are nearer", () => {
  const cases = fc.record({
    weight: fc.integer({ min: 1, max: 100 }),
    replicas: fc.integer({ min: 1, max: 12 }),
    surge: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(cases, ({ weight, replicas, surge }) => {
      const distance = (stable: number, candidate: number): number =>
        Math.abs((candidate * 100) / (stable + candidate) - weight);
      const most = replicas + surge;
      const chosen = sizesFor({ weight, replicas, most });
      let nearest = Infinity;
      for (let stable = 0; stable <= replicas; stable += 1)
        for (let candidate = Math.max(1, replicas - stable); stable + candidate <= most; candidate += 1)
          nearest = Math.min(nearest, distance(stable, candidate));
      expect(distance(chosen.stable, chosen.candidate)).toBeCloseTo(nearest, 9);
      expect(chosen.stable).toBeLessThanOrEqual(replicas);
      expect(chosen.candidate).toBeGreaterThanOrEqual(1);
      expect(chosen.stable + chosen.candidate).toBeLessThanOrEqual(most);
      expect(chosen.stable + chosen.candidate).toBeGreaterThanOrEqual(replicas);
    }),
  );
});
