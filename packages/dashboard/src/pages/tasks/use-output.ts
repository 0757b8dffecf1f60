import { taskRoutes } from "@steward/contracts/routes/tasks";
import { useCallback, useEffect, useState } from "react";
import { call } from "../../api/caller.ts";
import { createOutputReader, mayReadOn, OutputMismatch, type OutputSoFar } from "./read-output.ts";

const everyMs = 1_500;
const afterTroubleMs = 4_000;

export interface Watched {
  output: OutputSoFar | undefined;
  problem: Error | undefined;
  /** It is not what it claims to be: none of it is shown. */
  isRefused: boolean;
  isReading: boolean;
  readAll: { isOn: boolean; start: () => void };
}

/** Reads on while the run goes on and somebody looks; ends when the whole is in. */
export function useOutput({
  taskId,
  applianceId,
  isLive,
}: {
  taskId: string;
  applianceId: string;
  isLive: boolean;
}): Watched {
  const [output, setOutput] = useState<OutputSoFar>();
  const [problem, setProblem] = useState<Error>();
  const [isReading, setReading] = useState(true);
  const [all, setAll] = useState(false);

  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const reader = createOutputReader(
      (from, abort) =>
        call(taskRoutes.getOutputChunks, { params: { taskId, applianceId }, query: { from }, signal: abort }),
      { tail: !all },
    );
    let timer: ReturnType<typeof setTimeout> | undefined;
    let tries = 0;
    const readOn = async () => {
      if (document.hidden) {
        timer = setTimeout(() => void readOn(), everyMs);
        return;
      }
      try {
        setReading(true);
        const now = await reader.read(signal, (more) => !signal.aborted && setOutput(more));
        if (signal.aborted) return;
        setOutput(now);
        setProblem(undefined);
        setReading(false);
        tries += 1;
        // The last pieces of a run that has ended may come a moment later; one that never says anything is not asked for ever.
        if (!now.complete && (isLive || tries < 8)) timer = setTimeout(() => void readOn(), everyMs);
      } catch (error) {
        if (signal.aborted) return;
        setReading(false);
        setProblem(error instanceof Error ? error : new Error(String(error)));
        if (mayReadOn(error)) timer = setTimeout(() => void readOn(), afterTroubleMs);
      }
    };
    void readOn();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [taskId, applianceId, isLive, all]);

  const start = useCallback(() => setAll(true), []);
  const isRefused = problem instanceof OutputMismatch;
  return { output: isRefused ? undefined : output, problem, isRefused, isReading, readAll: { isOn: all, start } };
}
