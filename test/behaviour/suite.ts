import { obstacles } from "./stories/obstacles.ts";
import { ownership } from "./stories/ownership.ts";
import { processes } from "./stories/processes.ts";
import { rejections } from "./stories/rejections.ts";
import { rollouts } from "./stories/rollouts.ts";
import type { Story } from "./stories/story.ts";
import { type Ground, World } from "./world.ts";

/** How the operator behaves, whatever API server it stands on. */
export const behaviours: readonly Story[] = [
  ...rollouts,
  ...rejections,
  ...ownership,
  ...obstacles,
  ...processes,
];

/** Only what fails takes so long, or a machine that has much else to do. */
export const timeoutMs = 120_000;

/** Lets a story happen on a ground of its own, which is cleared in the end. */
export async function happen({ run }: Pick<Story, "run">, ground: Promise<Ground>): Promise<void> {
  const world = await World.on(await ground);
  try {
    await run(world);
  } finally {
    await world.close();
  }
}
