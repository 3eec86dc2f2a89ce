import { accepted, asList, refused, type Fields, type Row } from "./row.ts";

const given = (requests: Fields, limits: Fields): Fields => ({ resources: { requests, limits } });
const malformed = (name: string, value: unknown): Row =>
  refused(name, given({ cpu: value }, {}), {
    problem: "spec.resources.requests.cpu: must be a quantity that is not negative, such as 500m, 1 or 256Mi",
    // Without the value, which the client leaves out of messages.
    server: "spec.resources.requests[cpu]: Invalid value: must be a quantity that is not negative",
  });
export const resources: readonly Row[] = [
  accepted("a request without a limit", { resources: { requests: { cpu: "500m" } } }),
  accepted("a limit without a request", { resources: { limits: { memory: "64Mi" } } }),
  accepted(
    "equal quantities in different notations",
    given({ cpu: "1000m", memory: "1Ki" }, { cpu: "1", memory: "1024" }),
  ),
  accepted("a quantity as a number", given({ cpu: 1 }, { cpu: 1 })),
  accepted(
    "quantities with an exponent, a suffix and a sign",
    given({ cpu: "1e3", memory: "1.5Gi", "ephemeral-storage": "+.5E" }, {}),
  ),
  accepted("rare notations of quantities", {
    resources: {
      limits: {
        "a.b/1": "1.",
        "a.b/2": ".5",
        "a.b/3": "1E-3",
        "a.b/4": "12e+2",
        "a.b/5": "1n",
        "a.b/6": "-0",
      },
    },
  }),
  accepted(
    "limits for huge pages and a device",
    given({}, { "hugepages-2Mi": "4Mi", "nvidia.com/gpu": "1" }),
  ),
  accepted(
    "amounts that are equal because the API server rounds and caps them",
    given({ cpu: "0.2n", memory: "9Ei" }, { cpu: "0.1n", memory: "8Ei" }),
  ),
  accepted("a quantity as a number that JavaScript does not count as safe", given({}, { memory: 2 ** 53 })),
  refused(
    "a CPU request above the limit",
    given({ cpu: 1 }, { cpu: "999m" }),
    "spec.resources.requests: requests.cpu 1 is above limits.cpu 999m: raise the limit or lower the request",
  ),
  refused(
    "CPU and memory requests above their limits",
    given({ memory: "1Gi", cpu: "0.6" }, { cpu: "500m", memory: "1G" }),
    "spec.resources.requests: requests.cpu 0.6 is above limits.cpu 500m, requests.memory 1Gi is above limits.memory 1G: raise",
  ),
  refused(
    "a device request above the limit",
    given({ "acme.com/card": "2" }, { "acme.com/card": "1" }),
    "spec.resources.requests: resources.requests must not be above resources.limits: raise the limit or lower the request",
  ),
  malformed("a quantity with an invalid suffix", "100mb"),
  malformed("an empty quantity", ""),
  malformed("a quantity with a space", "1 Gi"),
  malformed("a quantity of only a decimal point", "."),
  malformed("a quantity with an empty exponent", "1e"),
  malformed("a quantity with an exponent of 4 digits", "1e1234"),
  malformed("a hexadecimal quantity", "0x10"),
  malformed("a quantity with an upper-case K", "1K"),
  malformed("a negative quantity", "-1"),
  malformed("a negative quantity as a number", -1),
  refused("a quantity of 33 characters", given({ cpu: "1".repeat(33) }, {}), {
    problem: "spec.resources.requests.cpu: may not be more than 32 bytes",
    server: "spec.resources.requests.cpu: Too long: may not be more than 32 bytes",
  }),
  refused("a fractional quantity as a number", given({ cpu: 0.5 }, {}), {
    problem: "spec.resources.requests.cpu: must be an integer or a string",
    server: "must be of type integer,string",
  }),
  refused(
    "an unknown resource name",
    given({ cpus: "1" }, {}),
    "spec.resources.requests: a resource is cpu, memory, ephemeral-storage",
  ),
  refused(
    "limits for nine resources",
    {
      resources: {
        limits: Object.fromEntries(asList(9, (at) => [`acme.com/${at}`, "1"]) as [string, string][]),
      },
    },
    "spec.resources.limits: must have at most 8 items",
  ),
];
