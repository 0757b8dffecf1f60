import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { serviceName } from "../variables.ts";

/** Without these nobody reaches the appliance while they restart, or after they fail to. */
const lifelines = "^(?:ssh|sshd|networking|network-manager|systemd-.*|dbus|wpa_supplicant|wg-quick(?:@.*)?|nftables)$";

export const serviceRestart = defineAction({
  id: "service.restart",
  title: "Restart a service",
  kind: "command",
  playbook: "service_restart",
  variables: z.strictObject({ service: serviceName }),
  hints: { service: { question: "Which service should be restarted?", choicesFrom: "services" } },
  risk: {
    base: "medium",
    rules: [{ variable: "service", pattern: lifelines, risk: "high", why: "could cut off the appliance" }],
  },
  examples: [
    "restart {service}",
    "restart the service {service}",
    "restart the {service} service",
    "bounce {service}",
    "{service} hangs, restart it",
    "stop and start {service}",
    "give {service} a kick",
  ],
  words: [
    "daemon",
    "bounce",
    "reload",
    "again",
    "stuck",
    "hangs",
    "kick",
    "relaunch",
    "rerun",
    "dead",
    "frozen",
    "hung",
    "crashed",
    "seems",
  ],
  undo: "none",
  timeoutSeconds: 120,
});

export const serviceStatus = defineAction({
  id: "service.status",
  title: "Show how a service is",
  kind: "read",
  playbook: "service_status",
  variables: z.strictObject({ service: serviceName }),
  hints: { service: { question: "Which service?", choicesFrom: "services" } },
  risk: { base: "low", rules: [] },
  examples: [
    "is {service} running",
    "show the status of {service}",
    "status of the service {service}",
    "does the service {service} run",
    "check the service {service}",
    "check whether {service} is running",
    "what is the state of {service}",
  ],
  words: ["daemon", "running", "active", "status", "state", "health", "alive", "up", "doing"],
  undo: "none",
  timeoutSeconds: 60,
});
