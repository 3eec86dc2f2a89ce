/** The number and the suffix of a quantity; undefined if it is none. */
const pattern = /^([+-]?)(\d+)(?:\.(\d*))?(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

const decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** A quantity in billionths, as the smallest that the API knows. */
interface Quantity {
  readonly nanos: bigint;
  readonly suffix: string;
}

function parse(text: string): Quantity | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "0", fraction = "", exponent = "", suffix = ""] = match;
  const digits = BigInt(whole + fraction);
  const power = exponent === "" ? 0 : Number(exponent.slice(1));
  const scale = suffix.endsWith("i") ? 0 : (decimal.indexOf(suffix) - 3) * 3;
  const multiple = suffix.endsWith("i") ? 1024n ** BigInt(binary.indexOf(suffix)) : 1n;
  const exponent10 = 9 + scale + power - fraction.length;
  const scaled = digits * multiple;
  const nanos = exponent10 >= 0 ? scaled * 10n ** BigInt(exponent10) : scaled / 10n ** BigInt(-exponent10);
  return { nanos: sign === "-" ? -nanos : nanos, suffix };
}

/** The value in billionths; zero for what is no quantity. */
export const nanosOf = (quantity: unknown): bigint => parse(String(quantity))?.nanos ?? 0n;

/** In the form in which the API server returns a quantity: the largest suffix of its family that leaves an integer. */
export function canonicalQuantity(text: string): string {
  const quantity = parse(text);
  if (quantity === undefined) return text;
  const { nanos, suffix } = quantity;
  if (nanos === 0n) return "0";
  const unit = 10n ** 9n;
  if (suffix.endsWith("i") && nanos % unit === 0n) {
    const power = binary.findLastIndex((_, i) => (nanos / unit) % 1024n ** BigInt(i) === 0n);
    return `${nanos / unit / 1024n ** BigInt(power)}${binary[power]}`;
  }
  const power = decimal.findLastIndex((_, i) => nanos % 1000n ** BigInt(i) === 0n);
  return `${nanos / 1000n ** BigInt(power)}${decimal[power]}`;
}

const decimalOf = (nanos: bigint): string => {
  const power = decimal.findLastIndex((_, i) => nanos % 1000n ** BigInt(i) === 0n);
  return nanos === 0n ? "0" : `${nanos / 1000n ** BigInt(power)}${decimal[power]}`;
};

/** An amount in billionths, written like `like`: in powers of 1024 if that one is. */
export const quantityOf = (nanos: bigint, like: unknown): string => {
  const suffix = parse(String(like))?.suffix ?? "";
  return suffix.endsWith("i") && nanos % 10n ** 9n === 0n
    ? canonicalQuantity(`${nanos / 10n ** 9n / 1024n}Ki`)
    : decimalOf(nanos);
};
