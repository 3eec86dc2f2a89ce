import { image, named, type Row } from "./row.ts";

export const names: readonly Row[] = [
  ...[
    ["a name with an upper-case letter", "Sample", "DNS-1035", "lowercase RFC 1123"],
    ["a name with a dot", "sample.app", "DNS-1035", "DNS-1035"],
    ["a name that starts with a digit", "1sample", "DNS-1035", "DNS-1035"],
    ["a name of 54 characters", "a".repeat(54), "at most 53 characters", "at most 53 characters"],
    [
      "a name that ends in -candidate",
      "sample-candidate",
      "must not end in -candidate",
      "must not end in -candidate",
    ],
    [
      "a name that ends in -preview",
      "sample-preview",
      "must not end in -candidate or -preview",
      "or -preview",
    ],
  ].map(([name = "", value = "", message = "", server = ""]) => ({
    name,
    document: named(value, { image }),
    refused: { path: "metadata.name", message, server },
  })),
  { name: "a name of 53 characters", document: named("a".repeat(53), { image }) },
  { name: "a name with -preview in the middle", document: named("sample-preview-2", { image }) },
];
