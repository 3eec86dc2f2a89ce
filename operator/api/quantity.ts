/**
 * Kubernetes resource quantities, compared exactly.
 * Source of the grammar: k8s.io/apimachinery/pkg/api/resource, Quantity.
 */

/**
 * The accepted quantities. zod and CEL both use this pattern. Kubernetes accepts slightly more: it reads "." as 0 and
 * 1e9999 as the largest possible number.
 */
export const grammar =
  /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d{1,3}))?$/;

const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimalExponent: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/** A value as `digits * 10^exponent`, which represents every quantity exactly. */
type Exact = { readonly digits: bigint; readonly exponent: number };

function parse(quantity: string): Exact | undefined {
  const match = grammar.exec(quantity);
  if (match === null) return undefined;
  const [, sign = "", number = "", suffix, exponent] = match;
  const [whole = "", fraction = ""] = number.split(".");
  const digits = BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n);
  const power = suffix === undefined ? 0 : binary.indexOf(suffix) + 1;
  const decimal = suffix === undefined ? Number(exponent ?? 0) : (decimalExponent[suffix] ?? 0);
  return { digits: digits * 1024n ** BigInt(power), exponent: decimal - fraction.length };
}

/** True if the text is a quantity. */
export const isQuantity = (quantity: string): boolean => parse(quantity) !== undefined;

/**
 * Negative, 0 or positive if `a` is less than, equal to or greater than `b`; `1000m` equals `1`. Throws a RangeError
 * if `a` or `b` is not a quantity.
 */
export function compareQuantities(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined) throw new RangeError(`not quantities: ${a}, ${b}`);
  const exponent = Math.min(left.exponent, right.exponent);
  const scaled = ({ digits, exponent: own }: Exact): bigint => digits * 10n ** BigInt(own - exponent);
  const difference = scaled(left) - scaled(right);
  return difference < 0n ? -1 : Number(difference > 0n);
}
