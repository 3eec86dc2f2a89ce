import { expect } from "@jest/globals";
import { timestamp } from "../../../operator/core/observed.ts";
import { sleep } from "../../../operator/runtime/clock.ts";
import { kinds } from "../../../tools/objects.ts";
import { seededRandom } from "../../../tools/random.ts";
import { type TestEnvironment, image } from "../environment.ts";
import type { RunningOperator } from "../operator.ts";
import { recordPods } from "../podrecord.ts";
import type { Scenarios } from "./all.ts";

const replicas = 3;
const maxSurge = 1;
const commands = 10;
/** The longest time from a command to the next one. */
const gapMs = 4_000;

const canaryOf = (steps: readonly object[]) => ({ type: "Canary", canary: { maxSurge, steps } });
const shared = [
  canaryOf([{ setWeight: 30 }, { pause: {} }, { setWeight: 70 }]),
  canaryOf([{ setWeight: 50 }, { pause: { seconds: 2 } }, { setWeight: 100 }]),
  { type: "RollingUpdate", rollingUpdate: { maxSurge } },
];
/** With the most pods that a history of these strategies may have. */
interface Choice {
  readonly strategies: readonly object[];
  readonly most: number;
}
const blueGreen = { type: "BlueGreen", blueGreen: { holdSeconds: 2 } };

/** Random edits and commands on the app `web`, none of which takes a pod away. */
class RandomUser {
  readonly #env: TestEnvironment;
  readonly #random: () => number;
  #operator: RunningOperator;
  readonly #strategies: readonly object[];
  #images = 1;
  #spec = { replicas, image: image("1"), strategy: shared[0] as object, progressDeadlineSeconds: 0 };
  /** The names of the actions, for the message of a failure. */
  readonly done: string[] = [];

  constructor(env: TestEnvironment, operator: RunningOperator, options: Choice & { seed: number }) {
    this.#strategies = options.strategies;
    this.#env = env;
    this.#operator = operator;
    this.#random = seededRandom(options.seed);
  }

  #choose<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  async edit(fields: Partial<{ image: string; strategy: object }>): Promise<void> {
    const progressDeadlineSeconds = this.#env.setup.deadlineSeconds;
    this.#spec = { ...this.#spec, progressDeadlineSeconds, ...fields };
    await this.#env.apply(this.#spec);
  }

  /** An image that no pod has had. */
  newImage(suffix = ""): string {
    this.#images += 1;
    return image(`${this.#images}${suffix}`);
  }

  readonly #actions: Readonly<Record<string, () => Promise<void>>> = {
    "good image": () => this.edit({ image: this.newImage() }),
    "another good image": () => this.edit({ image: this.newImage() }),
    "bad image": () => this.edit({ image: this.newImage(this.#choose(["-crash", "-never-ready"])) }),
    "first image": () => this.edit({ image: image("1") }),
    strategy: () => this.edit({ strategy: this.#choose(this.#strategies) }),
    promote: async () =>
      this.#env.annotate({ promote: `${await this.#newest()}/${this.#choose(["1", "2", "all"])}` }),
    abort: async () => this.#env.annotate({ abort: String(await this.#newest()) }),
    paused: () => this.#env.annotate({ paused: this.#choose(["true", "false"]) }),
    restart: () => this.#env.annotate({ restartAt: timestamp(this.#env.setup.clock.now()) }),
    "wipe the status": () => this.#env.wipeStatus(),
    "kill the operator": async () => {
      await this.#operator.kill();
      this.#operator = await this.#env.startOperator();
    },
  };

  async #newest(): Promise<number> {
    return (await this.#env.app()).status?.history?.[0]?.rollout ?? 1;
  }

  async act(): Promise<void> {
    const [name, action] = this.#choose(Object.entries(this.#actions));
    this.done.push(name);
    await action();
    await sleep(this.#env.setup.clock, this.#random() * gapMs);
  }

  /** Requests a good version, and promotes whatever waits until that version alone runs. */
  async finish(): Promise<void> {
    const last = this.newImage();
    await this.#env.annotate({ paused: "false" });
    await this.edit({ image: last });
    await this.#env.eventually("only the last version runs", async () => {
      const { status, metadata } = await this.#env.app();
      const command = `${status.candidate?.rollout}/all`;
      if (status.candidate && metadata.annotations?.["demoapp.dev/promote"] !== command)
        await this.#env.annotate({ promote: command });
      const isHealthy = status.phase === "Healthy" && status.stable?.image === last;
      return isHealthy && (await this.#env.names(kinds.Deployment)).join() === "web";
    });
    await this.#env.quiet(this.#operator);
  }
}

const scenario =
  (seed: number, choice: Choice) =>
  async (env: TestEnvironment): Promise<void> => {
    const operator = await env.install({ replicas, strategy: shared[0] });
    const user = new RandomUser(env, operator, { ...choice, seed });
    const moments = await recordPods(env, async () => {
      for (let i = 0; i < commands; i += 1) await user.act();
      await user.finish();
    });
    const wrong = moments.filter(({ pods, serving }) => serving < replicas || pods > choice.most);
    expect({ done: user.done, wrong }).toEqual({ done: user.done, wrong: [] });
  };

const few: Choice = { strategies: shared, most: replicas + maxSurge };
const all: Choice = { strategies: [...shared, blueGreen], most: 2 * replicas + maxSurge };
const choices = [few, few, all, all];

export const randomRollouts: Scenarios = Object.fromEntries(
  choices.map((choice, i) => [
    `random edits and commands (seed ${i + 1}): as many pods serve at every moment, and the last version runs in the end`,
    scenario(i + 1, choice),
  ]),
);
