/** What a canary was like from a moment on. */
export interface Moment {
  /** Since the change of the image. */
  readonly seconds: number;
  /** Available pods of both tracks. */
  readonly stable: number;
  readonly candidate: number;
  /** `status.weight`, in percent; undefined without a canary. */
  readonly weight: { readonly desired: number; readonly actual: number } | undefined;
  /** What the operator does, in a word; empty for nothing. */
  readonly doing: string;
}

/** The pods that the app has at rest, and at most during a rollout. */
interface Bounds {
  readonly replicas: number;
  readonly most: number;
}

const width = 600;
const left = 56;
const right = 588;
/** The upper and the lower end of each plot. */
const pods = { top: 56, bottom: 216 };
const share = { top: 276, bottom: 376 };

/** Its own background keeps the text readable also where a page has other colours than the reader's system. */
const style = `
  svg { font: 14px system-ui, sans-serif; --ink: #1f2328; --faint: #c8ccd1; --stable: #2f6fd0; --candidate: #e08a1e; background: #fff }
  @media (prefers-color-scheme: dark) { svg { --ink: #e6edf3; --faint: #4a525c; --stable: #5b9bff; --candidate: #f2a94b; background: #0d1117 } }
  text { fill: var(--ink) }
  .axis { stroke: var(--faint) }
  .bound, .step { stroke: var(--ink); stroke-dasharray: 2 4 }
  .step { opacity: 0.5 }
  .stable { fill: var(--stable) }
  .candidate { fill: var(--candidate) }
  .desired, .actual { fill: none; stroke: var(--ink); stroke-dasharray: 6 4; stroke-width: 1.5 }
  .actual { stroke: var(--candidate); stroke-dasharray: none; stroke-width: 2.5 }`;

const upTo = (last: number): number[] => [...Array(last + 1).keys()];

type Plot = typeof pods;
type Scale = (value: number) => number;

const label = ([x, y]: readonly [number, number], text: string, anchor = "start"): string =>
  `<text x="${Math.round(x)}" y="${Math.round(y)}" text-anchor="${anchor}">${text}</text>`;

const rule = (kind: string, [x1, y1, x2, y2]: readonly [number, number, number, number]): string =>
  `<line class="${kind}" x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`;

const scaleOf =
  ({ top, bottom }: Plot, most: number): Scale =>
  (value) =>
    bottom - ((bottom - top) * value) / most;

/** The horizontal lines of a plot, each with its value at the left. */
const grid = (plot: Plot, values: readonly number[], unit = ""): string[] => {
  const y = scaleOf(plot, Math.max(...values));
  return values.flatMap((value) => [
    rule("axis", [left, y(value), right, y(value)]),
    label([left - 6, y(value) + 5], `${value}${unit}`, "end"),
  ]);
};

/** A line that keeps each value until the next moment. It has gaps where a moment has no value. */
function line(moments: readonly Moment[], x: Scale, y: (moment: Moment) => number | undefined): string {
  const parts = moments.map((moment, i) => {
    const value = y(moment)?.toFixed(1);
    const { seconds } = moments[i + 1] ?? {};
    const isStart = i === 0 || y(moments[i - 1] as Moment) === undefined;
    const start = isStart ? `M${x(moment.seconds).toFixed(1)} ${value}` : `V${value}`;
    return value === undefined ? "" : `${start}H${seconds === undefined ? right : x(seconds).toFixed(1)}`;
  });
  return parts.join("");
}

/** Vertical lines where the operator begins something else, with its words. */
function stepsOf(moments: readonly Moment[], x: Scale): string[] {
  const starts = moments.filter(({ doing }, i) => doing !== "" && doing !== moments[i - 1]?.doing);
  return starts.flatMap(({ seconds, doing }) => [
    rule("step", [x(seconds), pods.top - 14, x(seconds), pods.bottom]),
    rule("step", [x(seconds), share.top, x(seconds), share.bottom]),
    label([x(seconds) + 3, pods.top - 4], doing),
  ]);
}

const legend = (
  y: number,
  entries: readonly (readonly [kind: string, text: string, x: number])[],
): string[] =>
  entries.flatMap(([kind, text, x]) => [
    /^(stable|candidate)$/.test(kind)
      ? `<rect class="${kind}" x="${x}" y="${y - 11}" width="22" height="12"/>`
      : rule(kind, [x, y - 5, x + 22, y - 5]),
    label([x + 28, y], text),
  ]);

/** An SVG of the pods and the weight over time, for a light and a dark background. */
export function picture(moments: readonly Moment[], { replicas, most }: Bounds): string {
  const endSeconds = Math.ceil(((moments.at(-1)?.seconds ?? 0) + 3) / 5) * 5;
  const x: Scale = (seconds) => left + ((right - left) * seconds) / endSeconds;
  const podsY = scaleOf(pods, most);
  const shareY = scaleOf(share, 100);
  const area = (kind: string, of: (moment: Moment) => number): string =>
    `<path class="${kind}" d="${line(moments, x, (moment) => podsY(of(moment)))}V${pods.bottom}H${left}Z"/>`;
  const ticks = upTo(Math.floor(endSeconds / 10)).map((tens) => tens * 10);
  const parts = [
    ...legend(20, [
      ["stable", "available pods, stable", left],
      ["candidate", "available pods, candidate", left + 190],
      ["bound", "replicas", left + 405],
    ]),
    ...grid(pods, upTo(most)),
    area("candidate", ({ stable, candidate }) => stable + candidate),
    area("stable", ({ stable }) => stable),
    rule("bound", [left, podsY(replicas), right, podsY(replicas)]),
    ...legend(256, [
      ["desired", "weight, desired", left],
      ["actual", "weight, actual", left + 190],
    ]),
    ...grid(share, [0, 50, 100], " %"),
    ...(["desired", "actual"] as const).map(
      (of) => `<path class="${of}" d="${line(moments, x, ({ weight }) => weight && shareY(weight[of]))}"/>`,
    ),
    ...stepsOf(moments, x),
    ...ticks.map((seconds) => label([x(seconds), share.bottom + 20], String(seconds), "middle")),
    label([right, share.bottom + 38], "seconds since the change", "end"),
  ];
  const title = "Available pods of both versions, and the weight of the new one, during a canary";
  const head = `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="424" viewBox="0 0 ${width} 424">`;
  return [head, `<title>${title}</title>`, `<style>${style}\n</style>`, ...parts, "</svg>", ""].join("\n");
}
