import { z } from "zod";

/** The cloud asks its parent to run a function: Secrets Manager rotates a secret. */
export const invokeMessageSchema = z.object({
  event: z.literal("invoke"),
  id: z.string(),
  functionArn: z.string(),
  rotation: z.object({
    Step: z.enum(["createSecret", "setSecret", "testSecret", "finishSecret"]),
    SecretId: z.string(),
    ClientRequestToken: z.string(),
  }),
});
export type InvokeMessage = z.infer<typeof invokeMessageSchema>;

/** What came of it: without `error` it went well. */
export const invokedSchema = z.object({ invoked: z.string(), error: z.string().optional() });
