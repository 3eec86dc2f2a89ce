import pretty from "pino-pretty";
import { app } from "./api.ts";
import type { Screen } from "./screen.ts";
import type { Shell } from "./shell.ts";

const lines = 15;
/** The cluster may be what failed. */
const kubectl = "kubectl --request-timeout=5s";
const selector = "-l app.kubernetes.io/name=demoapp-operator";

/** Where to look when something went wrong, each with its heading. */
const places: readonly (readonly [string, string])[] = [
  ["the DemoApp", `${kubectl} -n ${app.namespace} get demoapps -o wide`],
  ["pods", `${kubectl} get pods --all-namespaces -o wide`],
  [
    "the app's events",
    `${kubectl} -n ${app.namespace} get events --sort-by=.metadata.creationTimestamp | grep -v MissingClusterDNS | tail -n ${lines}`,
  ],
  [
    "the app's log",
    `${kubectl} -n ${app.namespace} logs -l app.kubernetes.io/name=${app.name} --tail=${lines}`,
  ],
  [
    "the operator's events",
    `${kubectl} -n demoapp-system get events --sort-by=.metadata.creationTimestamp | grep -v MissingClusterDNS | tail -n ${lines}`,
  ],
  ["the operator's log", `${kubectl} -n demoapp-system logs ${selector} --tail=${lines}`],
];

/** Shows what helps to understand a failure, as far as the cluster still answers. */
export async function diagnose(screen: Screen, shell: Shell): Promise<void> {
  const prettify = pretty.prettyFactory({
    colorize: false,
    singleLine: true,
    translateTime: "HH:MM:ss",
    // A stack is one line like the rest.
    errorLikeObjectKeys: [],
  });
  const silent = await shell.quietly(`${kubectl} version`).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (silent !== undefined)
    return screen.reasonMessage("", `The cluster doesn't answer: ${silent.split("\n", 1)[0]}`);
  for (const [what, command] of places) {
    const text = await shell.quietly(command).catch((error: unknown) => String(error));
    if (text.trim() === "") continue;
    screen.title(`Last of ${what}:`);
    screen.output(
      text
        .split("\n")
        .map((line) => (line.startsWith("{") ? prettify(line).trim() : line))
        .join("\n"),
    );
  }
}
