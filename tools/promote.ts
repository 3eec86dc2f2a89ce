// `npm run promote -- --from dev --to staging`, or `--image ghcr.io/acme/webapp:1.4.0@sha256:… --to dev`: writes the
// image that one environment runs into the next one's file, as the only line that changes. Commits nothing. Works on
// the tree in the current folder, so that a deploy/ in a repository of its own can be changed by it too.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** The way of a version, first to last. */
export const environments = ["dev", "staging", "prod"] as const;
export type Environment = (typeof environments)[number];

const line = /^(\s+image: )(\S+)\s*$/;
/** Only a digest says what runs: a tag can be moved. */
const pinned = /^[a-z0-9][a-z0-9./:-]*:[\w][\w.-]{0,127}@sha256:[0-9a-f]{64}$/;

/** Where an environment names its image, from the top of the repository. */
export const fileOf = (environment: Environment): string =>
  `deploy/webapp/overlays/${environment}/demoapp.yaml`;

/** An environment's name; throws a sentence that names those there are. */
export function environmentOf(name: string): Environment {
  const found = environments.find((one) => one === name);
  if (found === undefined) throw new Error(`no environment "${name}": there are ${environments.join(", ")}`);
  return found;
}

/** The environment that a version has to have been in before; undefined for the first. */
export const before = (to: Environment): Environment | undefined =>
  environments[environments.indexOf(to) - 1];

/** Its one image line's number, counted from 0. */
function placeOf(text: string): number {
  const places = text.split("\n").flatMap((one, at) => (line.test(one) ? [at] : []));
  const [place, ...others] = places;
  if (place === undefined || others.length > 0)
    throw new Error(`expected exactly one line with an image, found ${places.length}`);
  return place;
}

/** The image that an environment's file names. */
export const imageIn = (text: string): string => line.exec(text.split("\n")[placeOf(text)] ?? "")?.[2] ?? "";

/** The file with another image, all else kept byte for byte. Throws if the image isn't pinned or is the same. */
export function withImage(text: string, image: string): string {
  if (!pinned.test(image))
    throw new Error(`"${image}" is not pinned: name:tag@sha256:<64 hex digits> is needed`);
  if (/@sha256:0{64}$/.test(image))
    throw new Error(`"${image}" is a placeholder: nothing has been published yet`);
  if (imageIn(text) === image) throw new Error(`nothing to promote: ${image} is there already`);
  const lines = text.split("\n");
  const place = placeOf(text);
  lines[place] = (lines[place] ?? "").replace(line, `$1${image}`);
  return lines.join("\n");
}

/** What to promote, and whereto. */
interface Wish {
  readonly from?: string | undefined;
  readonly image?: string | undefined;
  readonly to: string;
}

/** The image that is wished for: named, or that of the environment before. */
function imageOf({ from, image, to }: Wish, read: (environment: Environment) => string): string {
  if ((from === undefined) === (image === undefined))
    throw new Error("say what to promote: --from <environment> or --image <reference>");
  const source = before(environmentOf(to));
  if (image !== undefined) {
    if (source !== undefined) throw new Error(`${to} takes what ${source} runs: --from ${source} --to ${to}`);
    return image;
  }
  if (source === undefined || from !== source)
    throw new Error(`a version comes to ${to} from ${source ?? "a build (--image)"}, not from ${from}`);
  return imageIn(read(source));
}

/** Moves the one line in the tree at `folder`; gives the image. Throws a sentence, and then nothing is written. */
export function promote(wish: Wish, folder: string): string {
  const read = (environment: Environment): string => readFileSync(join(folder, fileOf(environment)), "utf8");
  const to = environmentOf(wish.to);
  const image = imageOf(wish, read);
  writeFileSync(join(folder, fileOf(to)), withImage(read(to), image));
  return image;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { from: { type: "string" }, image: { type: "string" }, to: { type: "string" } },
  });
  try {
    const { to = "", ...what } = values;
    console.log(`  ✓ ${fileOf(environmentOf(to))}: ${promote({ ...what, to }, process.cwd())}`);
  } catch (error) {
    console.error(`  ✗ ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
