import { z } from "zod";
import { nodeIdSchema, taskIdSchema } from "../ids.ts";

export const taskParams = z.strictObject({ taskId: taskIdSchema });
export const nodeParams = z.strictObject({ nodeId: nodeIdSchema });
