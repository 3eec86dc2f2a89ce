import * as z from "zod";
import { compareQuantities, grammar, isQuantity, maxQuantityLength } from "../quantity.ts";
import { int64, mapOf } from "./fields.ts";
import { quoted, withRules } from "./rule.ts";

/** `500m`, `1` or `256Mi`. An integer is converted to text. */
const quantity = withRules(z.union([int64, z.string().max(maxQuantityLength)]).transform(String), [
  {
    cel: `string(self).matches(${quoted(grammar.source)}) && isQuantity(string(self)) && sign(quantity(string(self))) >= 0`,
    message: "must be a quantity that is not negative, such as 500m, 1 or 256Mi",
    holds: (value) => isQuantity(value) && compareQuantities(value, "0") >= 0,
  },
]).meta({ "x-kubernetes-int-or-string": true, maxLength: maxQuantityLength });

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

/** Names of the requests that are above their limits. Another rule refuses values that are no quantity. */
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

/** A CEL expression: those of `names` (a CEL list) whose request is above its limit. */
const celAbove = (names: string): string =>
  `${names}.filter(k, k in self.requests && k in self.limits && isQuantity(string(self.requests[k])) && isQuantity(string(self.limits[k])) && quantity(string(self.requests[k])).isGreaterThan(quantity(string(self.limits[k]))))`;

const messageFor = (given: Given): string | undefined => {
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
        "Resources that the scheduler reserves for a pod. Default: cpu 100m and memory 128Mi, or the limit if that is smaller. Unit: quantities.",
      ),
    limits: quantities
      .optional()
      .describe(
        "Most resources that a pod may use. Default: cpu 250m and memory 256Mi, or the request if that is larger. Unit: quantities.",
      ),
  }),
  [
    {
      cel: `!has(self.requests) || !has(self.limits) || ${celAbove("self.requests")}.size() == 0`,
      message: "resources.requests must not be above resources.limits: raise the limit or lower the request",
      naming: {
        // Lists known names only: other keys can have any length, which exceeds CEL's cost budget. If only other
        // names are affected, the text is empty, and the API server uses `message`.
        cel: `[${celAbove(JSON.stringify(known))}].map(names, names.size() == 0 ? '' : names.map(k, 'requests.' + k + ' ' + string(self.requests[k]) + ' is above limits.' + k + ' ' + string(self.limits[k])).join(', ') + ': raise the limit or lower the request')[0]`,
        message: messageFor,
      },
      at: ["requests"],
      holds: (given) => above(given).length === 0,
    },
  ],
);
