import { z } from "zod";
import { defineAction } from "../define-action.ts";

export const systemFacts = defineAction({
  id: "system.facts",
  title: "Show what the appliance says of itself",
  kind: "read",
  playbook: "system_facts",
  variables: z.strictObject({}),
  risk: { base: "low", rules: [] },
  examples: [
    "show the facts",
    "show system facts",
    "tell me about this machine",
    "which version of the operating system is it",
    "what hardware is this",
    "collect system information",
    "how much memory does it have",
  ],
  words: [
    "information",
    "info",
    "inventory",
    "version",
    "kernel",
    "os",
    "memory",
    "cpu",
    "uptime",
    "describe",
    "details",
  ],
  undo: "none",
  timeoutSeconds: 60,
});

export const systemPing = defineAction({
  id: "system.ping",
  title: "Check that the appliance can run plans",
  kind: "read",
  playbook: "system_ping",
  variables: z.strictObject({}),
  risk: { base: "low", rules: [] },
  examples: [
    "ping",
    "ping the appliance",
    "are you there",
    "is it alive",
    "check that it answers",
    "test the connection",
    "does it respond",
  ],
  words: ["alive", "reachable", "online", "respond", "hello", "heartbeat", "check", "up", "hear"],
  undo: "none",
  timeoutSeconds: 60,
});

/** Done when the appliance is back: on another boot, with a heartbeat. Later steps of the plan run after that. */
export const systemReboot = defineAction({
  id: "system.reboot",
  title: "Restart the appliance",
  kind: "command",
  playbook: "system_reboot",
  variables: z.strictObject({}),
  risk: { base: "medium", rules: [] },
  examples: [
    "reboot",
    "reboot the appliance",
    "reboot the machine",
    "reboot the server",
    "restart the appliance",
    "restart the machine",
    "restart the whole server",
    "restart the computer",
  ],
  words: ["reboot", "power", "cycle", "boot", "whole"],
  undo: "none",
  timeoutSeconds: 900,
});
