import { actionsDoc } from "./actions.ts";
import { architectureDoc } from "./architecture.ts";
import { permissionsDoc } from "./permissions.ts";

/** The documents that are made from definitions, by their place in the repository. */
export const documents: Readonly<Record<string, () => string>> = {
  "docs/actions.md": actionsDoc,
  "docs/architecture.md": architectureDoc,
  "docs/permissions.md": permissionsDoc,
};
