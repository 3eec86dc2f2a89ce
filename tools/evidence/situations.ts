import type { Result, Situation } from "./histories.ts";

/** What the rule promises of a situation; shares from 0 to 1, times in seconds. */
interface Promised {
  readonly rejectedAtLeast?: number;
  readonly rejectedAtMost?: number;
  readonly passedAtLeast?: number;
  readonly passedAtMost?: number;
  readonly medianAtMost?: number;
  readonly p95AtMost?: number;
}

const always = (share: number) => () => share;
const percent = (share: number): string => String(Math.round(share * 1000) / 10);

/** Versions that fail the same share of requests all the time. */
const steady = (stable: number, candidate: number, perSecond = 20): Situation => ({
  name: `${percent(stable)} % / ${percent(candidate)} %, ${perSecond} a second`,
  perSecond,
  stable: always(stable),
  candidate: always(candidate),
  seconds: 1800,
});

/** A good version that fails 10 % from a time on, while its promotion is held. */
const breaking = (minutes: number): Situation => ({
  ...steady(0.001, 0.1),
  name: `0.1 %, then 10 % after ${minutes} min`,
  candidate: (seconds) => (seconds <= minutes * 60 ? 0.001 : 0.1),
  seconds: minutes * 60 + 600,
  breaksAtSeconds: minutes * 60,
});

const bursting = (name: string, bursts: NonNullable<Situation["bursts"]>): Situation => ({
  ...steady(0.001, 0.001),
  name: `8 failures together in 2 % of looks, ${name}`,
  bursts,
});

/** Both tracks fail completely from a moment on that lies between the scrapes of the two tracks in one look. */
const outage: Situation = {
  ...steady(0.001, 0.001, 200),
  name: "total outage between two scrapes, 200 a second",
  stable: (seconds) => (seconds > 30 ? 1 : 0.001),
  candidate: (seconds) => (seconds > 30 ? 1 : seconds === 30 ? 0.1 : 0.001),
};

/** The table of the rule: each situation with what is promised of it. */
export const table: readonly (readonly [Situation, Promised])[] = [
  [steady(0.001, 0.001), { rejectedAtMost: 0.001, passedAtLeast: 0.995, medianAtMost: 160 }],
  [steady(0.001, 0.005), { rejectedAtMost: 0.001, passedAtLeast: 0.99, medianAtMost: 360 }],
  [steady(0.1, 0.1), { rejectedAtMost: 0.005, passedAtMost: 0.001 }],
  [steady(0.001, 0.02), { rejectedAtLeast: 0.995, passedAtMost: 0, medianAtMost: 300 }],
  [steady(0.001, 0.1), { rejectedAtLeast: 0.999, passedAtMost: 0, medianAtMost: 60 }],
  [steady(0.01, 0.1), { rejectedAtLeast: 0.999, passedAtMost: 0, medianAtMost: 80 }],
  [breaking(4), { rejectedAtLeast: 0.999, medianAtMost: 60 }],
  [breaking(20), { rejectedAtLeast: 0.999, medianAtMost: 80 }],
  [breaking(180), { rejectedAtLeast: 0.999, medianAtMost: 120 }],
  [steady(0.001, 0.01), { rejectedAtMost: 0.01, passedAtMost: 0.05 }],
  [steady(0.01, 0.01), { rejectedAtMost: 0.01, passedAtMost: 0.05 }],
  [steady(0.01, 0.03), { rejectedAtLeast: 0.88 }],
  [steady(0, 0.1, 2), { rejectedAtLeast: 0.98, passedAtMost: 0, medianAtMost: 230, p95AtMost: 345 }],
  [steady(0.001, 0.1, 2), { rejectedAtLeast: 0.98, passedAtMost: 0, medianAtMost: 230, p95AtMost: 345 }],
  [steady(0, 0.1, 0.2), { rejectedAtLeast: 0.65, passedAtMost: 0 }],
  [steady(0.001, 0.1, 0.2), { rejectedAtLeast: 0.55, passedAtMost: 0 }],
  [bursting("on the candidate", { share: 0.02, on: ["candidate"] }), { rejectedAtMost: 0.005 }],
  [bursting("on the stable version", { share: 0.02, on: ["stable"] }), { rejectedAtMost: 0.005 }],
  [bursting("on both apart", { share: 0.02, on: ["candidate", "stable"] }), { rejectedAtMost: 0.005 }],
  [
    bursting("on both together", { share: 0.02, on: ["candidate", "stable"], together: true }),
    { rejectedAtMost: 0.005 },
  ],
  [outage, { rejectedAtMost: 0, passedAtMost: 0 }],
];

/** The promises that a result breaks, as "rejected 0.02, at most 0.01". */
export function broken(result: Result, promised: Promised): readonly string[] {
  const { rejected, passed, medianSeconds, p95Seconds } = result;
  const bounds: readonly (readonly [string, number | undefined, number | undefined, number | undefined])[] = [
    ["rejected", rejected, promised.rejectedAtLeast, promised.rejectedAtMost],
    ["passed", passed, promised.passedAtLeast, promised.passedAtMost],
    ["median", medianSeconds, undefined, promised.medianAtMost],
    ["p95", p95Seconds, undefined, promised.p95AtMost],
  ];
  return bounds.flatMap(([name, value = NaN, atLeast, atMost]) => [
    ...(atLeast !== undefined && !(value >= atLeast) ? [`${name} ${value}, at least ${atLeast}`] : []),
    ...(atMost !== undefined && !(value <= atMost) ? [`${name} ${value}, at most ${atMost}`] : []),
  ]);
}
