import type { World } from "../world.ts";

/** One behaviour: what is true, and what shows it in a world of its own. */
export interface Story {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}
