/** Told with every heartbeat. */
export const agentVersion = "0.2.0";
