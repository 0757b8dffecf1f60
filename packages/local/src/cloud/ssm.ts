import type { Journal } from "./journal.ts";
import type { CloudContext, Operations } from "./service.ts";
import { type Commands, createCommands } from "./ssm-commands.ts";
import { createDocuments, type Documents } from "./ssm-documents.ts";
import { createInstances, type Instances } from "./ssm-instances.ts";
import { createParameters } from "./ssm-parameters.ts";

export interface Ssm {
  operations: Operations;
  instances: Instances;
  commands: Commands;
  documents: Documents;
  /** For the stage's own parameters, which nobody calls for. */
  ensureParameter(name: string, value: string): Promise<void>;
}

/** Systems Manager, as far as Steward uses it: Parameter Store, documents, hybrid activations, Run Command. */
export function createSsm(context: CloudContext, journal: Journal): Ssm {
  const documents = createDocuments(context, journal);
  const instances = createInstances(context, journal);
  const commands = createCommands(context, journal, { documents, instances });
  const parameters = createParameters(context, journal);
  return {
    ensureParameter: parameters.ensure,
    operations: {
      ...parameters.operations,
      ...documents.operations,
      ...instances.operations,
      ...commands.operations,
    },
    instances,
    commands,
    documents,
  };
}
