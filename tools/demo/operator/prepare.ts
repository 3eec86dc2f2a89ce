import { join } from "node:path";
import type { Cluster } from "../../cluster/provider.ts";
import { buildReleases, versions } from "../../gitops/installation.ts";
import { pinned } from "../../gitops/repository.ts";
import { renderInstall } from "../../install.ts";
import type { Shell } from "../shell.ts";
import type { Tools } from "../scenario.ts";

/** The sample app, with the names that deploy/webapp/base gives it. */
export const app = { namespace: "sre-demo", name: "sre-demo-app" } as const;
export const kubectl = `kubectl -n ${app.namespace}`;

const sample = join(import.meta.dirname, "../../../deploy/webapp/base");

// Each demo rebuilds its images under the same tags, so the node has to pull them again.
const pullAlways = `patches:
  - target: { kind: DemoApp }
    patch: '[{ "op": "add", "path": "/spec/pod", "value": { "imagePullPolicy": "Always" } }]'
`;

/** Turns the shell's folder into a Git repository with the sample app, running `image`; `fields` are added to its spec. */
export async function createWorkingCopy(shell: Shell, image: string, fields = ""): Promise<void> {
  await shell.quietly(
    `find . -mindepth 1 -delete && cp -R ${sample}/. . && sed -i 's|image: .*|image: ${image}|' demoapp.yaml`,
  );
  await shell.quietly("cat >> demoapp.yaml", fields);
  await shell.quietly("cat >> kustomization.yaml", pullAlways);
  await shell.quietly(
    `git init --quiet --initial-branch=main && git add . && git commit --quiet -m 'Run ${app.name}'`,
  );
}

/** Changes the image's tag in the working copy and prints the difference; rejects if there is none. */
export async function changeTag(shell: Shell, from: string, to: string): Promise<void> {
  await shell.show(`sed -i 's/webapp:${from}/webapp:${to}/' demoapp.yaml`);
  await shell.show("git diff --unified=0 | grep '^[-+] '");
}

/** Starts the cluster, installs the operator, builds the images, and replaces the app of an earlier demo. */
export async function prepare({ shell, progress }: Tools, cluster: Cluster, fields: string): Promise<void> {
  await cluster.up(progress);
  const { operator } = await progress.step("images built: operator, three versions of the web app", () =>
    buildReleases(cluster),
  );
  const manifests = await renderInstall({ kubectl: cluster.kubectl, image: pinned(operator) });
  await progress.step("operator's manifests applied (deploy/operator)", () =>
    shell.quietly("kubectl apply --server-side -f -", manifests),
  );
  // A ready operator has listed all DemoApps: the API server serves the CRD.
  await progress.step("operator ready (2 pods, one is the leader)", () =>
    shell.quietly("kubectl -n demoapp-system rollout status deployment/demoapp-operator --timeout=90s"),
  );
  await progress.step("app of an earlier demo removed", () => removeApp(shell));
  await progress.step("Git working copy created", () =>
    createWorkingCopy(shell, `${cluster.registry}/webapp:${versions.first}`, fields),
  );
}

/** Removes the app with its revisions and events: otherwise the broken version would be rejected already. */
async function removeApp(shell: Shell): Promise<void> {
  await shell.quietly(
    `${kubectl} delete --ignore-not-found --timeout=60s --cascade=foreground demoapp ${app.name}`,
  );
  // One request for all events; `kubectl delete events --all` sends one for each.
  await shell.quietly(`kubectl delete --raw /api/v1/namespaces/${app.namespace}/events`);
}
