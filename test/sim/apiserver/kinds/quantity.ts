const pattern = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;
const decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** Nano-units in one unit. A nano-unit is the smallest unit of the API. */
const unit = 10n ** 9n;

/** A quantity as the API server returns it: with the largest suffix that leaves an integer. */
export function canonicalQuantity(text: string): string {
  const match = pattern.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "0", fraction = "", exponent = "0", suffix = ""] = match;
  const isBinary = suffix.endsWith("i");
  const multiple = isBinary ? 1024n ** BigInt(binary.indexOf(suffix)) : 1n;
  const scale = isBinary ? 9 : decimal.indexOf(suffix) * 3;
  const power = BigInt(scale + Number(exponent) - fraction.length);
  const digits = BigInt(`${sign}${whole}${fraction}`) * multiple;
  const nanos = power >= 0n ? digits * 10n ** power : digits / 10n ** -power;
  if (nanos === 0n) return "0";
  const [suffixes, base, first] =
    isBinary && nanos % unit === 0n ? [binary, 1024n, unit] : [decimal, 1000n, 1n];
  const step = suffixes.findLastIndex((_, i) => nanos % (first * base ** BigInt(i)) === 0n);
  return `${nanos / (first * base ** BigInt(step))}${suffixes[step]}`;
}
