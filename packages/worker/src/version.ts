/** Told with every heartbeat. */
export const workerVersion = "0.1.0";
