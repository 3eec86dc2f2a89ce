import { createClient } from "../../operator/runtime/client.ts";
import type { Clock } from "../../operator/runtime/clock.ts";
import { fieldsOf } from "../sim/apiserver/json.ts";
import { FakeApiServer } from "../sim/apiserver/server.ts";
import { WorkloadControllers } from "../sim/controllers.ts";
import { demoAppKind } from "../sim/demoapp.ts";
import { sendTo } from "../sim/fidelity/wire.ts";
import { FakeKubelet } from "../sim/kubelet.ts";
import { fastClock } from "./clock.ts";
import { userAgent } from "./operator.ts";
import type { Ground } from "./world.ts";

const namespace = "default";
const verbOf: Readonly<Record<string, string>> = { apply: "patch", update: "update" };

export interface FakeGround extends Ground {
  readonly server: FakeApiServer;
}

/**
 * A ground of its own in this process, with the server that it stands on. Time runs ten times as fast unless told
 * otherwise: fast enough for the suite, and every delay is still long for the machine.
 */
export async function fakeGround(speed = 10): Promise<FakeGround> {
  const clock: Clock = fastClock(speed);
  const server = new FakeApiServer({ clock, kinds: [demoAppKind()] });
  await server.start();
  const client = createClient({ server: server.url, userAgent: "tests" });
  const kubeletClient = createClient({ server: server.url, userAgent: "kubelet" });
  const controllers = new WorkloadControllers(server.api, clock);
  controllers.start();
  return {
    server,
    client,
    send: sendTo(server.url),
    namespace,
    clock,
    access: { server: server.url },
    patienceMs: 30_000,
    intervalMs: 20,
    deadlineSeconds: 20,
    forbid: ({ group, plural, kind }, verbs) => {
      const refused: ReadonlySet<string> = new Set(verbs);
      const take = server.faults.add({
        times: Infinity,
        when: (request) =>
          request.userAgent === userAgent &&
          request.resource === plural &&
          refused.has(verbOf[request.verb] ?? request.verb),
        do: {
          status: 403,
          message: `${plural}.${group} "web" is forbidden: User "operator" cannot ${verbs.join()} resource "${plural}" in API group "${group}" in the namespace "${namespace}" (${kind})`,
        },
      });
      return Promise.resolve(() => Promise.resolve(take()));
    },
    refuseImages: (text) => {
      server.api.admission.add(({ kind, object }) =>
        kind.kind === "Deployment" && JSON.stringify(fieldsOf(object["spec"])["template"]).includes(text)
          ? `ValidatingAdmissionPolicy 'images' with binding 'images' denied request: no image may be ${text}`
          : undefined,
      );
      return Promise.resolve();
    },
    kubelet: (behaviour) =>
      new FakeKubelet({
        client: kubeletClient,
        namespace,
        clock,
        behaviour,
      }),
    close: async () => {
      controllers.stop();
      await Promise.all([client.close(), kubeletClient.close()]);
      await server.stop();
    },
  };
}
