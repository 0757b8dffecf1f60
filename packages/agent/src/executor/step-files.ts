import type { Variables } from "@steward/contracts/actions";
import { Document, Scalar, visit } from "yaml";
import type { StepRequest } from "./executor.ts";

/** Where playbooks keep what an undo restores from, one directory a step. Playbooks get it as `steward.record`. */
export function recordDirectory(step: Pick<StepRequest, "runId" | "stepIndex">): string {
  return `/var/lib/steward/undo/${step.runId}/${step.stepIndex}`;
}

/**
 * The extra variables of a step: `steward` says which step it is, `values` are the plan's, `secrets` what only this step
 * is given. They sit below one name each because Ansible gives meanings to names such as `groups`. Every string is `!unsafe`: Ansible never looks for
 * templates in it, wherever it came from.
 */
export function variablesFile(step: StepRequest): string {
  const { runId, stepIndex, actionId } = step;
  return unsafeYaml({
    // This agent knows how a step ends that restarts the machine, or the agent. One that does not must not be asked to.
    steward: {
      run: runId,
      step: stepIndex,
      action: actionId,
      record: recordDirectory(step),
      reboots: "yes",
      upgrades: "yes",
    },
    values: step.variables,
    ...(step.secrets === undefined ? {} : { secrets: { ...step.secrets } }),
  });
}

function unsafeYaml(value: Record<string, Variables | Record<string, string | number>>): string {
  const document = new Document(value);
  visit(document, {
    Scalar(key, node) {
      if (key !== "key" && typeof node.value === "string") {
        node.tag = "!unsafe";
        node.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  return document.toString({ lineWidth: 0 });
}

/**
 * A callback plugin: the recap, the result of a read and what failed, as one line of JSON on the descriptor that
 * `STEWARD_EVENTS_FD` names. The output that people read stays Ansible's own. A message of a task with `no_log` is
 * censored by Ansible before it gets here.
 */
export const callbackPlugin = `# Part of Steward. Reports the end of a play to the agent.
import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: steward
type: notification
short_description: Reports the end of a play to the agent
description: Writes the recap, results and failures as JSON to a file descriptor.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "steward"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.failures = []
        self.tasks = []
        self.changes = []
        self.diffed = 0

    def _ended(self):
        if self.tasks and self.tasks[-1][2] is None:
            self.tasks[-1][2] = time.monotonic()

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._ended()
        self.tasks.append([task.get_name(), time.monotonic(), None])

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def _slowest(self):
        self._ended()
        took = [{"task": str(name)[:120], "durationMs": round((end - begin) * 1000)} for name, begin, end in self.tasks]
        return sorted(took, key=lambda task: -task["durationMs"])[:10]

    def _failed(self, result):
        if "results" in result._result:
            return  # A loop: its items have been reported, and say more.
        message = result._result.get("msg") or result._result.get("stderr") or result._result.get("reason") or ""
        if result._result.get("censored"):
            message = "details are hidden, because the task handles secrets"
        self.failures.append({"task": result._task.get_name(), "message": str(message)[:1500]})

    def _changed(self, result):
        found = result._result
        if not found.get("changed") or "results" in found or len(self.changes) >= 50:
            return  # A loop: its items have been reported, and say more.
        change = {"task": result._task.get_name()[:200]}
        if found.get("diff") and not found.get("censored") and self.diffed < 40000:
            change["diff"] = self._get_diff(found["diff"])[:8000]
            self.diffed += len(change["diff"])
        self.changes.append(change)

    def v2_runner_on_ok(self, result):
        self._changed(result)

    def v2_runner_item_on_ok(self, result):
        self._changed(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self._failed(result)

    def v2_runner_item_on_failed(self, result):
        if not result._task.ignore_errors:
            self._failed(result)

    def v2_runner_on_unreachable(self, result):
        self._failed(result)

    def v2_playbook_on_stats(self, stats):
        hosts = {host: stats.summarize(host) for host in stats.processed}
        custom = stats.custom.get("_run", {})
        line = {"hosts": hosts, "failures": self.failures, "slowest": self._slowest(), "changes": self.changes}
        if "steward_result" in custom:
            line["result"] = custom["steward_result"]
        if "steward_reboot" in custom:
            line["reboot"] = bool(custom["steward_reboot"])
        if "steward_upgrade" in custom:
            line["upgrade"] = str(custom["steward_upgrade"])
        if "steward_secrets" in custom:
            line["secrets"] = custom["steward_secrets"]
        with os.fdopen(os.dup(int(os.environ["STEWARD_EVENTS_FD"])), "w", encoding="utf-8") as events:
            events.write(json.dumps(line, default=str) + "\\n")
`;

/**
 * Runs where the playbook runs, with the step's files as a tar on its input. Everything lies in a directory that only
 * root can read and that is gone afterwards; what a killed step left goes first. A TERM (the agent died) ends all of
 * it. Arguments: work directory, command…
 */
export const stepScript = `
set -eu
umask 077
mkdir -p "$1"
rm -rf "$1"/step.*
directory=$(mktemp -d "$1/step.XXXXXXXX")
shift
trap 'rm -rf "$directory"' EXIT
# Before anything is started: a TERM between its start and this would leave it behind.
trap 'rm -rf "$directory"; kill -KILL 0' TERM INT HUP
cd "$directory"
tar -xf - --no-same-owner
mkdir home tmp
export HOME="$directory/home" ANSIBLE_LOCAL_TEMP="$directory/tmp" ANSIBLE_REMOTE_TEMP="$directory/tmp"
"$@" < /dev/null &
program=$!
code=0
wait "$program" || code=$?
exit "$code"
`;

/** Takes away what a step left that was killed. Argument: work directory. */
export const cleanScript = 'rm -rf "$1"/step.*';

/** How Ansible is configured: by environment only; `ansible.cfg` is empty, so that no file of the machine has a say. */
export const ansibleEnvironment: Record<string, string> = {
  ANSIBLE_CONFIG: "ansible.cfg",
  ANSIBLE_NOCOLOR: "1",
  ANSIBLE_RETRY_FILES_ENABLED: "0",
  ANSIBLE_LOCALHOST_WARNING: "0",
  ANSIBLE_INVENTORY_UNPARSED_WARNING: "0",
  ANSIBLE_DEPRECATION_WARNINGS: "0",
  ANSIBLE_DISPLAY_SKIPPED_HOSTS: "0",
  ANSIBLE_FORKS: "1",
  ANSIBLE_PIPELINING: "1",
  ANSIBLE_ROLES_PATH: "roles",
  ANSIBLE_COLLECTIONS_PATH: "collections",
  ANSIBLE_CALLBACK_PLUGINS: "callback",
  ANSIBLE_CALLBACKS_ENABLED: "steward",
  ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
  ANSIBLE_STDOUT_CALLBACK: "default",
  STEWARD_EVENTS_FD: "3",
};

/** The arguments after `ansible-playbook`. Undo is the same playbook with its tasks tagged `undo`. */
export function playbookArguments(step: StepRequest): string[] {
  return [
    ..."--inventory localhost, --connection local --extra-vars @variables.yml".split(" "),
    ...(step.mode === "check" ? ["--check", "--diff"] : []),
    ...(step.mode === "undo" ? ["--tags", "undo"] : []),
    ...(step.verbosity > 0 ? [`-${"v".repeat(step.verbosity)}`] : []),
    `${step.playbook}.yml`,
  ];
}
