/** Told with every heartbeat. */
export const agentVersion = "0.1.0";
