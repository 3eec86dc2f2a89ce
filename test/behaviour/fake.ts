import { createClient } from "../../operator/runtime/client.ts";
import { fieldsOf } from "../sim/apiserver/json.ts";
import { FakeApiServer } from "../sim/apiserver/server.ts";
import { WorkloadControllers } from "../sim/controllers.ts";
import { demoAppKind } from "../sim/demoapp.ts";
import { fastClock } from "../sim/fastclock.ts";
import type { Setup } from "./environment.ts";
import { userAgent } from "./operator.ts";

const namespace = "default";

export interface FakeSetup extends Setup {
  readonly server: FakeApiServer;
}

/** A fake API server of its own. At the default speed every delay is still long compared with the machine's work. */
export async function fakeSetup(speed = 10, startMs = Date.now()): Promise<FakeSetup> {
  const clock = fastClock({ speed, startMs });
  const server = new FakeApiServer({ clock, kinds: [demoAppKind()] });
  await server.start();
  const client = createClient({ server: server.url, userAgent: "tests" });
  const controllers = new WorkloadControllers(server.api, clock);
  controllers.start();
  return {
    server,
    client,
    namespace,
    clock,
    access: { server: server.url },
    timeoutMs: 30_000,
    intervalMs: 20,
    deadlineSeconds: 20,
    denyAccess: ({ group, plural }, verbs) => {
      const denied: readonly string[] = verbs;
      const message = `${plural}.${group} "web" is forbidden: User "operator" cannot ${verbs.join()} resource "${plural}" in API group "${group}" in the namespace "${namespace}"`;
      const allow = server.faults.add({
        times: Infinity,
        when: (request) =>
          request.userAgent === userAgent &&
          request.resource === plural &&
          denied.includes(request.verb === "apply" ? "patch" : request.verb),
        do: { status: 403, message },
      });
      return Promise.resolve(() => Promise.resolve(allow()));
    },
    denyImages: (text) => {
      server.api.admission.add(({ kind, object }) =>
        kind.kind === "Deployment" && JSON.stringify(fieldsOf(object["spec"])["template"]).includes(text)
          ? `ValidatingAdmissionPolicy 'images' with binding 'images' denied request: no image may be ${text}`
          : undefined,
      );
      return Promise.resolve();
    },
    close: async () => {
      controllers.stop();
      await client.close();
      await server.stop();
    },
  };
}
