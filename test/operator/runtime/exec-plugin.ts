import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubeconfigOf } from "../../../tools/cluster/kubeconfig.ts";
import { perTest } from "../../support/per-test.ts";

/** The beginning of each plug-in: counts the starts in `n`. */
const prelude = `
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
const starts = new URL("starts", import.meta.url);
appendFileSync(starts, "x");
const n = readFileSync(starts, "utf8").length;
const print = (status) => console.log(JSON.stringify({ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status }));
`;

/** A folder for the kubeconfigs of a test, and an exec plug-in in it: a script that Node runs. */
export class TestKubeconfigs {
  readonly folder = mkdtempSync(join(tmpdir(), "kubeconfigs-"));
  readonly #script = join(this.folder, "plugin.mjs");

  /** Writes a file. Returns its path. */
  write(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** Writes a kubeconfig for a server and a user. Returns its path. */
  userOf(server: string, user: object): string {
    return this.write("config", kubeconfigOf({ server }, user));
  }

  /** Writes a kubeconfig whose user has an exec plug-in that runs a script. Returns its path. */
  pluginOf(server: string, script: string, exec: object = {}): string {
    this.setPlugin(script);
    const apiVersion = "client.authentication.k8s.io/v1";
    return this.userOf(server, {
      exec: {
        apiVersion,
        command: process.execPath,
        args: [this.#script],
        interactiveMode: "Never",
        ...exec,
      },
    });
  }

  setPlugin(script: string): void {
    writeFileSync(this.#script, prelude + script);
  }

  /** How often the plug-in has started. */
  get starts(): number {
    return readFileSync(join(this.folder, "starts"), "utf8").length;
  }

  stop(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    return Promise.resolve();
  }
}

export const useKubeconfigs = (): (() => TestKubeconfigs) => perTest(() => new TestKubeconfigs());
