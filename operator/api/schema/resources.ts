import * as z from "zod";
import { compareQuantities, grammar, isQuantity } from "../quantity.ts";
import { mapOf } from "./fields.ts";
import { quoted, withRules } from "./rule.ts";

/** `500m`, `1` or `256Mi`; a bare number is kept as text. */
const quantity = withRules(z.union([z.int(), z.string().max(32)]).transform(String), [
  {
    cel: `string(self).matches(${quoted(grammar.source)}) && isQuantity(string(self)) && sign(quantity(string(self))) >= 0`,
    message: "must be a quantity that is not negative, such as 500m, 1 or 256Mi",
    holds: (value) => isQuantity(value) && compareQuantities(value, "0") >= 0,
  },
]).meta({ "x-kubernetes-int-or-string": true, maxLength: 32 });

const known = ["cpu", "memory", "ephemeral-storage"];
const isResource = (name: string): boolean =>
  known.includes(name) || name.startsWith("hugepages-") || name.includes("/");

const quantities = withRules(mapOf(quantity, 8), [
  {
    cel: `self.all(k, k in ${JSON.stringify(known)} || k.startsWith('hugepages-') || k.contains('/'))`,
    message: `a resource is ${known.join(", ")}, hugepages-<size> or has a domain such as nvidia.com/gpu: correct its name`,
    holds: (map) => Object.keys(map).every(isResource),
  },
]).meta({ maxProperties: 8 });

type Given = { requests?: Record<string, string> | undefined; limits?: Record<string, string> | undefined };

/** Names of the requests that are above their limits; what is no quantity is another rule's to refuse. */
const above = ({ requests = {}, limits = {} }: Given): string[] =>
  Object.entries(requests)
    .filter(([name, request]) => {
      const limit = limits[name];
      return (
        limit !== undefined &&
        isQuantity(request) &&
        isQuantity(limit) &&
        compareQuantities(request, limit) > 0
      );
    })
    .map(([name]) => name);

/** The names in the list that CEL gives which are in `requests` and above their limit. */
const celAbove = (names: string): string =>
  `${names}.filter(k, k in self.requests && k in self.limits && isQuantity(string(self.requests[k])) && isQuantity(string(self.limits[k])) && quantity(string(self.requests[k])).isGreaterThan(quantity(string(self.limits[k]))))`;

const sentence = (given: Given): string | undefined => {
  const names = above(given);
  const parts = known
    .filter((name) => names.includes(name))
    .map(
      (name) => `requests.${name} ${given.requests?.[name]} is above limits.${name} ${given.limits?.[name]}`,
    );
  return parts.length === 0 ? undefined : `${parts.join(", ")}: raise the limit or lower the request`;
};

export const resources = withRules(
  z.strictObject({
    requests: quantities
      .optional()
      .describe(
        "What the scheduler sets aside for a pod. Default: cpu 100m and memory 128Mi, each lowered to the limit where that is smaller. Unit: quantities.",
      ),
    limits: quantities
      .optional()
      .describe(
        "What a pod may use at most. Default: cpu 250m and memory 256Mi, each raised to the request where that is larger. Unit: quantities.",
      ),
  }),
  [
    {
      cel: `!has(self.requests) || !has(self.limits) || ${celAbove("self.requests")}.size() == 0`,
      message: "resources.requests must not be above resources.limits: raise the limit or lower the request",
      naming: {
        // Over the known names only: a key of the map may be of any length, which is above CEL's cost budget.
        // Where it is another name the text is empty, and `message` is said.
        cel: `[${celAbove(JSON.stringify(known))}].map(names, names.size() == 0 ? '' : names.map(k, 'requests.' + k + ' ' + string(self.requests[k]) + ' is above limits.' + k + ' ' + string(self.limits[k])).join(', ') + ': raise the limit or lower the request')[0]`,
        message: sentence,
      },
      at: ["requests"],
      holds: (given) => above(given).length === 0,
    },
  ],
);
