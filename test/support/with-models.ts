import { putSecret } from "@steward/aws/secrets";
import type { StewardOptions } from "../../packages/local/src/stack-options.ts";
import { type Installation, startInstallation } from "./installation.ts";
import { type ScriptedModels, startScriptedModels } from "./scripted-models.ts";

/** What Claude's scripted stand-in accepts; it must appear nowhere else. */
export const claudeKey = "sk-ant-scripted-0123456789";

export interface WithModels {
  installation: Installation;
  /** Ollama's stand-in. */
  models: ScriptedModels;
  /** Claude's, at an address of its own. */
  claude: ScriptedModels;
  close(): Promise<void>;
}

/** An installation whose worker and whose escalation ask a scripted model server. `claude: false`: no key is set. */
export async function startWithModels(
  options: Partial<StewardOptions> & { claude?: boolean } = {},
): Promise<WithModels> {
  const { claude: withKey = true, functionEnv, ...rest } = options;
  const [models, claude] = await Promise.all([startScriptedModels(), startScriptedModels({ apiKey: claudeKey })]);
  const stopModels = () => Promise.all([models.stop(), claude.stop()]);
  try {
    const installation = await startInstallation({
      // A worker that is silent for twice as long is passed by, and one second is soon over on a machine with much to do.
      heartbeatIntervalSeconds: 3,
      worker: { ollamaHost: models.url, env: { STEWARD_WORKER_SLOTS: "8" } },
      functionEnv: { STEWARD_ANTHROPIC_URL: claude.url, ...functionEnv },
      ...rest,
    });
    if (withKey) {
      await putSecret(installation.cloudAs("owner").secrets, installation.names.anthropicSecret, claudeKey);
    }
    const close = async () => {
      await installation.close();
      await stopModels();
    };
    if (rest.worker !== false)
      await untilWorkerIsReady(installation).catch(async (error: unknown) => {
        await close();
        throw error;
      });
    return { installation, models, claude, close };
  } catch (error) {
    await stopModels();
    throw error;
  }
}

/** Until a heartbeat of the worker has said which models it has. */
export async function untilWorkerIsReady(installation: Installation, ready = true): Promise<void> {
  const provider = installation.as("provider");
  const lateMs = Date.now() + 20_000;
  for (;;) {
    const { workers } = await provider("queueStatus", {});
    if (workers.some(({ models, health }) => models.length > 0 && health !== "offline") === ready) return;
    if (Date.now() > lateMs) throw new Error(`the worker is not ${ready ? "" : "un"}ready: ${JSON.stringify(workers)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
