import type { DeliveryView } from "@steward/contracts/notification";
import { notificationRoutes } from "@steward/contracts/routes/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { call } from "../../api/caller.ts";
import { useChange } from "../../api/use-api.ts";

const patienceMs = 20_000;
const gapMs = 700;

/** Sends a test and watches it until it was tried: whoever presses the button wants to know whether it arrives. */
export function useTest(notificationId: string): {
  run: () => Promise<void>;
  isRunning: boolean;
  result: DeliveryView | undefined;
} {
  const client = useQueryClient();
  const [isRunning, setRunning] = useState(false);
  const [result, setResult] = useState<DeliveryView>();
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  const { run: send } = useChange(notificationRoutes.testNotification, {
    refreshes: [notificationRoutes.listDeliveries],
  });

  const watch = async (sent: DeliveryView) => {
    const untilMs = Date.now() + patienceMs;
    let seen = sent;
    while (seen.attempts === 0 && Date.now() < untilMs && here.current) {
      await new Promise((done) => setTimeout(done, gapMs));
      // One look that fails is made again: the next one tells.
      const list = await call(notificationRoutes.listDeliveries, { params: { notificationId } }).catch(() => undefined);
      seen = list?.items.find(({ id }) => id === sent.id) ?? seen;
    }
    return seen;
  };
  return {
    isRunning,
    result,
    run: async () => {
      setRunning(true);
      setResult(undefined);
      try {
        const sent = await send({ params: { notificationId } });
        if (sent !== undefined) setResult(await watch(sent));
      } finally {
        setRunning(false);
        void client.invalidateQueries({
          predicate: ({ queryKey }) => queryKey[0] === notificationRoutes.listDeliveries.id,
        });
      }
    },
  };
}
