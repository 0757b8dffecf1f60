import { createHash } from "node:crypto";
import { z } from "zod";
import type { Journal } from "./journal.ts";
import { type CloudContext, type Operations, operation, page, ServiceError, toSeconds } from "./service.ts";

/** Stored under `ssm/document/{name}`. */
export interface DocumentRecord {
  name: string;
  content: string;
  createdAtMs: number;
  owner: string;
}

/** What Run Command needs of a document's content. */
const commandContent = z.looseObject({
  schemaVersion: z.string(),
  description: z.string().optional(),
  parameters: z
    .record(
      z.string(),
      z.looseObject({
        type: z.enum(["String", "StringList", "Boolean", "Integer", "MapList", "StringMap"]),
        default: z.unknown().optional(),
        allowedPattern: z.string().optional(),
        allowedValues: z.array(z.string()).optional(),
      }),
    )
    .default({}),
  mainSteps: z.array(z.looseObject({ action: z.string(), name: z.string() })).min(1),
});

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/documents.html */
const maxDocumentBytes = 65_536;

export interface Documents {
  operations: Operations;
  find(name: string): DocumentRecord | undefined;
  ensureDocument(name: string, content: object): Promise<void>;
}

/** SSM command documents, one version each, JSON only. */
export function createDocuments(context: CloudContext, journal: Journal): Documents {
  const find = (name: string) => journal.entries.get(`ssm/document/${name}`) as DocumentRecord | undefined;
  const existing = (name: string): DocumentRecord => {
    const document = find(name);
    if (document === undefined) throw new ServiceError("InvalidDocument", `Document with name ${name} does not exist.`);
    return document;
  };
  const save = (document: DocumentRecord) =>
    journal.commit([{ key: `ssm/document/${document.name}`, value: document }]);
  const describe = (document: DocumentRecord) => {
    const content = parseDocument(document);
    return {
      Name: document.name,
      Owner: document.owner,
      CreatedDate: toSeconds(document.createdAtMs),
      Status: "Active",
      DocumentVersion: "1",
      LatestVersion: "1",
      DefaultVersion: "1",
      Description: content.description,
      DocumentType: "Command",
      DocumentFormat: "JSON",
      SchemaVersion: content.schemaVersion,
      PlatformTypes: ["Linux"],
      Hash: createHash("sha256").update(document.content).digest("hex"),
      HashType: "Sha256",
      Parameters: Object.entries(content.parameters).map(([name, parameter]) => ({
        Name: name,
        Type: parameter.type === "StringList" ? "StringList" : "String",
      })),
    };
  };

  return {
    find,
    ensureDocument: async (name, content) => {
      const text = JSON.stringify(content);
      if (find(name)?.content === text) return;
      await save({ name, content: text, createdAtMs: context.now(), owner: context.accountId });
    },
    operations: {
      CreateDocument: operation(
        z.object({
          Name: z.string().regex(/^[A-Za-z0-9_.-]{3,128}$/),
          Content: z.string(),
          DocumentType: z.string().default("Command"),
          DocumentFormat: z.string().default("JSON"),
        }),
        async (input, caller) => {
          caller.require("ssm:CreateDocument", input.Name);
          if (find(input.Name) !== undefined)
            throw new ServiceError("DocumentAlreadyExists", `Document with same name ${input.Name} already exists`);
          if (input.DocumentType !== "Command" || input.DocumentFormat !== "JSON")
            throw new ServiceError("InvalidDocumentContent", "The local cloud has Command documents in JSON only.");
          if (Buffer.byteLength(input.Content) > maxDocumentBytes)
            throw new ServiceError("MaxDocumentSizeExceeded", `A document has at most ${maxDocumentBytes} bytes.`);
          const document = {
            name: input.Name,
            content: input.Content,
            createdAtMs: context.now(),
            owner: context.accountId,
          };
          const DocumentDescription = describe(document);
          await save(document);
          return { DocumentDescription };
        },
      ),
      GetDocument: operation(z.object({ Name: z.string() }), (input, caller) => {
        caller.require("ssm:GetDocument", input.Name);
        const document = existing(input.Name);
        return {
          Name: document.name,
          Content: document.content,
          DocumentVersion: "1",
          Status: "Active",
          DocumentType: "Command",
          DocumentFormat: "JSON",
        };
      }),
      DescribeDocument: operation(z.object({ Name: z.string() }), (input, caller) => {
        caller.require("ssm:DescribeDocument", input.Name);
        return { Document: describe(existing(input.Name)) };
      }),
      ListDocuments: operation(
        z.object({ MaxResults: z.int().min(1).max(50).default(50), NextToken: z.string().optional() }),
        (input, caller) => {
          caller.require("ssm:ListDocuments", "*");
          const all = [...journal.entries]
            .filter(([key]) => key.startsWith("ssm/document/"))
            .map(([, value]) => value as DocumentRecord)
            .sort((a, b) => (a.name < b.name ? -1 : 1));
          const { items, nextToken } = page(all, ({ name }) => name, {
            limit: input.MaxResults,
            token: input.NextToken,
            badToken: () => new ServiceError("InvalidNextToken", "The specified token isn't valid."),
          });
          return {
            DocumentIdentifiers: items.map((document) => {
              const { Name, Owner, DocumentVersion, DocumentType, DocumentFormat, SchemaVersion, PlatformTypes } =
                describe(document);
              return { Name, Owner, DocumentVersion, DocumentType, DocumentFormat, SchemaVersion, PlatformTypes };
            }),
            NextToken: nextToken,
          };
        },
      ),
      DeleteDocument: operation(z.object({ Name: z.string() }), async (input, caller) => {
        caller.require("ssm:DeleteDocument", input.Name);
        existing(input.Name);
        await journal.commit([{ key: `ssm/document/${input.Name}` }]);
        return {};
      }),
    },
  };
}

export function parseDocument(document: Pick<DocumentRecord, "name" | "content">) {
  let json: unknown;
  try {
    json = JSON.parse(document.content);
  } catch {
    throw new ServiceError("InvalidDocumentContent", `The content of ${document.name} is not JSON.`);
  }
  const parsed = commandContent.safeParse(json);
  if (!parsed.success)
    throw new ServiceError(
      "InvalidDocumentContent",
      `The content of ${document.name} is not a command document: ${parsed.error.issues[0]?.path.join(".")} ${parsed.error.issues[0]?.message}`,
    );
  return parsed.data;
}

/** Holds parameters to the document's declaration; throws InvalidParameters. Gives them with the defaults filled in. */
export function checkParameters(document: DocumentRecord, given: Record<string, string[]>): Record<string, string[]> {
  const declared = parseDocument(document).parameters;
  const refuse = (text: string) => new ServiceError("InvalidParameters", text);
  for (const name of Object.keys(given))
    if (declared[name] === undefined) throw refuse(`Parameter ${name} is not defined in document ${document.name}.`);
  const complete: Record<string, string[]> = {};
  for (const [name, declaration] of Object.entries(declared)) {
    const values = given[name];
    if (values === undefined) {
      if (declaration.default === undefined)
        throw refuse(`Parameter ${name} of document ${document.name} is required.`);
      complete[name] = [declaration.default].flat().map(String);
      continue;
    }
    if (declaration.type === "String" && values.length !== 1)
      throw refuse(`Parameter ${name} takes exactly one value.`);
    for (const value of values) {
      if (declaration.allowedValues !== undefined && !declaration.allowedValues.includes(value))
        throw refuse(`Parameter ${name} has a value outside allowedValues.`);
      if (declaration.allowedPattern !== undefined && !new RegExp(declaration.allowedPattern).test(value))
        throw refuse(`Parameter ${name} does not match ${declaration.allowedPattern}.`);
    }
    complete[name] = values;
  }
  return complete;
}
