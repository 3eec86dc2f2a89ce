// `npm run promote -- --from dev --to staging`, or `--image ghcr.io/acme/demoapp-webapp:1.4.0@sha256:… --to dev`: writes the image
// of one environment to the file of the next. Only the image line changes, and nothing is committed. Works on the tree in
// the current folder, which can be a separate repository with the folder deploy/.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { script } from "./script.ts";

/** Environments in promotion order. */
export const environments = ["dev", "staging", "prod"] as const;
export type Environment = (typeof environments)[number];

const line = /^([ \t]+image: )(\S+)(?=[ \t\r]*$)/gm;
/** An image with a digest: a tag alone can be moved to another image. */
const pinned = /^[a-z0-9][a-z0-9./:-]*:[\w][\w.-]{0,127}@sha256:[0-9a-f]{64}$/;

/** The file that names the image of an environment, from the top of the repository. */
export const fileOf = (environment: Environment): string =>
  `deploy/webapp/overlays/${environment}/demoapp.yaml`;

/** Parses the name of an environment. Throws a sentence that lists the environments. */
export function environmentOf(name: string): Environment {
  const found = environments.find((one) => one === name);
  if (found === undefined)
    throw new Error(`no environment "${name}": the environments are ${environments.join(", ")}`);
  return found;
}

/** The environment from which a version is promoted. Undefined for the first. */
export const previous = (to: Environment): Environment | undefined =>
  environments[environments.indexOf(to) - 1];

/** The image that the file of an environment names. Throws unless exactly one line names an image. */
export function imageIn(text: string): string {
  const [found, ...others] = text.matchAll(line);
  if (found === undefined || others.length > 0)
    throw new Error(`expected exactly one line with an image, found ${found ? others.length + 1 : 0}`);
  return found[2] ?? "";
}

/** Every commit that is the tag of an image in a text. */
export const commitsIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/:([0-9a-f]{40})@sha256:/g)].map(([, commit = ""]) => commit)),
];

/** Throws a sentence unless an image is pinned by its digest and published. */
export function requirePublished(image: string): void {
  if (!pinned.test(image)) throw new Error(`"${image}" is not pinned: use name:tag@sha256:<64 hex digits>`);
  if (/@sha256:0{64}$/.test(image)) throw new Error(`"${image}" is a placeholder: no image is published yet`);
}

/** The file with another image, otherwise unchanged. Throws if the image is the same, or can't be promoted. */
export function withImage(text: string, image: string): string {
  requirePublished(image);
  if (imageIn(text) === image) throw new Error(`nothing to promote: the file already names ${image}`);
  return text.replace(line, `$1${image}`);
}

/** A promotion: the source and the target. */
interface Promotion {
  readonly from?: string | undefined;
  readonly image?: string | undefined;
  readonly to: string;
}

/** The image to promote: the named one, or the image of the previous environment. */
function imageOf({ from, image, to }: Promotion, read: (environment: Environment) => string): string {
  if ((from === undefined) === (image === undefined))
    throw new Error("name the source: --from <environment> or --image <reference>");
  const source = previous(environmentOf(to));
  if (image !== undefined) {
    if (source !== undefined)
      throw new Error(`${to} gets the image that ${source} runs: --from ${source} --to ${to}`);
    return image;
  }
  if (source === undefined || from !== source)
    throw new Error(`a version is promoted to ${to} from ${source ?? "a build (--image)"}, not from ${from}`);
  return imageIn(read(source));
}

/** Changes the image line in the tree at `folder`. Returns the image. Writes nothing if it throws. */
export function promote(promotion: Promotion, folder: string): string {
  const read = (environment: Environment): string => readFileSync(join(folder, fileOf(environment)), "utf8");
  const to = environmentOf(promotion.to);
  const image = imageOf(promotion, read);
  writeFileSync(join(folder, fileOf(to)), withImage(read(to), image));
  return image;
}

if (import.meta.main)
  await script(() => {
    const text = { type: "string" } as const;
    const { to = "", ...source } = parseArgs({ options: { from: text, image: text, to: text } }).values;
    console.log(`  ✓ ${fileOf(environmentOf(to))}: ${promote({ ...source, to }, process.cwd())}`);
  });
