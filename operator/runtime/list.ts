import { ApiError } from "./api-error.ts";
import type { ApiClient, ResourceType, Selection } from "./kubernetes.ts";
import type { Replacement } from "./storeupdater.ts";

/** Objects per page. Limits memory: kinds are listed concurrently, and each page is in memory as text and as objects. */
const pageSize = 200;

interface ListRequest {
  readonly client: ApiClient;
  readonly resource: ResourceType;
  readonly selection: Selection;
  /** Starts the replacement of the stored objects by the list. */
  readonly replace: () => Replacement;
  /** Called after each page. */
  readonly onPage: () => void;
}

/** Replaces the stored objects by a list in pages. Returns the list's resourceVersion. */
export async function listInPages(request: ListRequest): Promise<string> {
  try {
    return await listPages(request, pageSize);
  } catch (error) {
    if (!(error instanceof ApiError && error.isGone)) throw error;
    // The continue token expired between two pages: list again as one page.
    return await listPages(request, undefined);
  }
}

async function listPages(
  { client, resource, selection, replace, onPage }: ListRequest,
  limit: number | undefined,
): Promise<string> {
  const replacement = replace();
  let token: string | undefined;
  try {
    for (;;) {
      const page = await client.list(resource, { ...selection, limit, continue: token }, { urgent: true });
      onPage();
      for (const item of page.items) replacement.put(item);
      token = page.metadata.continue;
      if (token !== undefined && token !== "") continue;
      const { resourceVersion = "" } = page.metadata;
      replacement.finish(resourceVersion);
      return resourceVersion;
    }
  } finally {
    replacement.close();
  }
}
