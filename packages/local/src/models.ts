import { createSecrets } from "@steward/aws/clients/secrets";
import { getSecret } from "@steward/aws/secrets";
import { z } from "zod";

const tagsSchema = z.object({ models: z.array(z.object({ name: z.string() })) });

/** The models that Ollama has, or undefined where it does not answer. */
export async function ollamaModels(host: string): Promise<string[] | undefined> {
  try {
    const response = await fetch(new URL("/api/tags", ollamaUrl(host)), { signal: AbortSignal.timeout(500) });
    return tagsSchema.parse(await response.json()).models.map((model) => model.name);
  } catch {
    return undefined;
  }
}

/** `OLLAMA_HOST` may be a bare host and port. */
export function ollamaUrl(host: string): string {
  return /^https?:\/\//.test(host) ? host : `http://${host}`;
}

/** Whether a Claude key is stored. Asked with the keys of the one function that may know it. */
export async function hasClaudeKey(
  cloud: { endpointUrl: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } },
  secretName: string,
): Promise<boolean> {
  return (await getSecret(createSecrets(cloud), secretName)) !== undefined;
}
