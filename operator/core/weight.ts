import type { Tracks } from "./observed.ts";

/** The sizes of the tracks that give a canary its share of the pods. */
interface Wanted {
  /** The share, in percent. */
  readonly weight: number;
  readonly replicas: number;
  /** The most pods of both tracks together. */
  readonly most: number;
}

/**
 * The sizes of both tracks for a share: at least one pod of the candidate, at most `replicas` of the stable track, from
 * `replicas` to `most` pods together, and the share nearest to the wanted one. Of equally near shares, the one with more
 * stable pods counts, and then the one with fewer pods.
 */
export function sizesFor({ weight, replicas, most }: Wanted): Tracks<number> {
  if (replicas === 0) return { stable: 0, candidate: 0 };
  const totals = Array.from({ length: most - replicas + 1 }, (_, extra) => replicas + extra);
  const choices = totals.flatMap((total) => {
    const exact = (total * weight) / 100;
    return [Math.floor(exact), Math.ceil(exact)].map((near) => {
      const candidate = Math.max(1, total - replicas, near);
      // In hundredths of pods times the total, so that equal distances are equal numbers.
      const distance = Math.abs(candidate * 100 - total * weight) / total;
      return { stable: total - candidate, candidate, distance };
    });
  });
  const [best] = choices.toSorted(
    (a, b) => a.distance - b.distance || b.stable - a.stable || a.candidate - b.candidate,
  );
  if (best === undefined) throw new Error("the budget is at least the replicas");
  return { stable: best.stable, candidate: best.candidate };
}
