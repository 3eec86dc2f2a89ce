import { ResponseTooLargeError } from "./api-error.ts";
import type { ApiClient, ObjectList, ResourceType, Selection } from "./kubernetes.ts";
import type { Replacement } from "./storeupdater.ts";

/** Objects per page, for kinds of which most objects are small. */
export const defaultPageSize = 200;
/** Longest page of several objects: kinds are listed concurrently, and each page is in memory as text and as objects. */
const maxPageBytes = 4 * 1024 * 1024;

interface ListRequest {
  readonly client: ApiClient;
  readonly resource: ResourceType;
  readonly selection: Selection;
  /** Maximum number of objects per page. */
  readonly pageSize: number;
  /** Starts the replacement of the stored objects by the list. */
  readonly replace: () => Replacement;
  /** Called after each page. */
  readonly onPage: () => void;
}

/**
 * Replaces the stored objects by a list in pages. Returns the list's resourceVersion. A page that is too large is read again
 * in halves. A continue token that expires between two pages (410) fails the list: a list as one page, as client-go makes
 * it, has no limit in memory.
 */
export async function listInPages(request: ListRequest): Promise<string> {
  const { replace, onPage } = request;
  const replacement = replace();
  const position: Position = { limit: request.pageSize, token: undefined };
  try {
    for (;;) {
      const page = await readPage(request, position);
      onPage();
      for (const item of page.items) replacement.put(item);
      position.token = page.metadata.continue;
      if (position.token !== undefined && position.token !== "") continue;
      const { resourceVersion = "" } = page.metadata;
      replacement.finish(resourceVersion);
      return resourceVersion;
    }
  } finally {
    replacement.close();
  }
}

interface Position {
  limit: number;
  token: string | undefined;
}

/** Reads a page. Halves the limit, also for the pages after it, until the page has less than `maxPageBytes`. */
async function readPage(
  { client, resource, selection }: ListRequest,
  position: Position,
): Promise<ObjectList> {
  for (;;) {
    const { limit, token } = position;
    const call = { urgent: true, ...(limit > 1 && { maxBytes: maxPageBytes }) };
    try {
      return await client.list(resource, { ...selection, limit, continue: token }, call);
    } catch (error) {
      if (!(error instanceof ResponseTooLargeError) || limit === 1) throw error;
      position.limit = Math.ceil(limit / 2);
    }
  }
}
