import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@steward/contracts/client";
import { severities } from "@steward/contracts/alert";
import { type DeliveryView, type NotificationEvent, notificationEvents } from "@steward/contracts/notification";
import { type Command, Option } from "commander";
import type { Runner } from "../context.ts";
import { CliError, exitCodes, usageError } from "../exit-codes.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { examples } from "./shared.ts";

export function addNotify(program: Command, run: Runner): void {
  const notify = program
    .command("notify")
    .summary("who is told when something waits, or has ended")
    .description("Where the tenant is told that a machine is silent or unwell, that a task waits, and how it ended.");

  notify
    .command("ls")
    .description("Receivers.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { items } = await call("listNotifications", {});
        ui.data({ items });
        if (items.length === 0)
          return ui.say("Nobody is told. Add a webhook, an address or a topic: steward notify add <where>");
        ui.say(
          table(
            items,
            [
              { head: "NAME", cell: (one) => visible(one.name) },
              { head: "WHERE", cell: (one) => visible(one.url.replace("mailto:", "")), flexible: true },
              { head: "EVENTS", cell: (one) => eventsText(one.events), flexible: true },
              {
                head: "QUIET",
                cell: ({ quietHours: quiet }) => (quiet === undefined ? "" : `${quiet.begins}-${quiet.ends}`),
              },
              { head: "", cell: (one) => (one.confirmed ? "" : ui.paint.yellow("unconfirmed")) },
              { head: "ID", cell: (one) => one.id },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );

  examples(
    notify
      .command("add")
      .description(
        "Have a webhook called, a mail sent, or an SNS topic published to; docs/notifications.md tells of each.",
      )
      .argument("<where>", "https://…, ops@example.org, or arn:aws:sns:…:steward-notices-…")
      .option("--name <name>", "what you call it (default: its host)")
      .addOption(new Option("--event <event...>", "only these (default: all)").choices([...notificationEvents]))
      .option("--escalation", "only what nobody has acknowledged: alert.escalated")
      .addOption(new Option("--severity <severity>", "of alerts only these and worse").choices([...severities]))
      .option("--quiet <from-until>", "hold everything meanwhile: 22:00-07:00")
      .option("--time-zone <zone>", "of --quiet: Europe/Berlin (default: this machine's)")
      .option("--critical-anyway", "critical alerts come in quiet hours too")
      .action(async (where: string, options: AddOptions, self: Command) =>
        run(self, async ({ connect, ui }) => {
          const { call } = await connect();
          const made = await call("createNotification", {
            body: receiverOf(where, options),
            idempotencyKey: crypto.randomUUID(),
          });
          ui.data(made);
          ui.say(`${ui.paint.green("✔")} ${visible(made.name)}  ${ui.paint.dim(made.id)}`);
          ui.say(
            made.confirmed
              ? `Try it: steward notify test ${made.id}`
              : `A code was sent there. Give it back: steward notify confirm ${made.id} <code>`,
          );
        }),
      ),
    "steward notify add https://hooks.example.org/steward",
    "steward notify add https://hooks.example.org/steward --event task.awaiting_approval task.expiring",
    "steward notify add ops@example.org --severity critical --quiet 22:00-07:00 --time-zone Europe/Berlin",
    "steward notify add boss@example.org --escalation",
  );

  notify
    .command("confirm")
    .description("Give back the code that was sent to an address or a topic: from now on it is told.")
    .argument("<id>")
    .argument("<code>")
    .action(async (id: string, code: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const made = await call("confirmNotification", { params: { notificationId: id }, body: { code } });
        ui.data(made);
        ui.say(`${ui.paint.green("✔")} ${visible(made.name)} is told from now on.`);
      }),
    );

  notify
    .command("test")
    .description("Send a test, and say whether it arrived.")
    .argument("<id>")
    .action(async (id: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const params = { notificationId: id };
        const sent = await call("testNotification", { params, idempotencyKey: crypto.randomUUID() });
        const delivery = await outcomeOf(call, id, sent, ui);
        ui.data(delivery);
        ui.say(deliveryText(delivery, ui));
        if (delivery.status === "delivered") return exitCodes.ok;
        throw new CliError(
          exitCodes.failed,
          `The test did not arrive: ${visible(delivery.reason ?? "no answer yet")}`,
          {
            next: `It is tried again by itself. See: steward notify deliveries ${id}`,
          },
        );
      }),
    );

  notify
    .command("deliveries")
    .description("What was sent to a receiver lately, and whether it arrived.")
    .argument("<id>")
    .action(async (id: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { items } = await call("listDeliveries", { params: { notificationId: id } });
        ui.data({ items });
        if (items.length === 0) return ui.say("Nothing was sent there yet.");
        ui.say(
          table(
            items,
            [
              { head: "EVENT", cell: (one) => one.event },
              { head: "STATUS", cell: (one) => paintDelivery(one, ui) },
              { head: "TRIES", cell: (one) => String(one.attempts) },
              { head: "WHEN", cell: (one) => relative(one.createdAt, nowMs()) },
              { head: "WHY", cell: (one) => visible(one.reason ?? ""), flexible: true },
              { head: "TASK", cell: (one) => one.taskId ?? "" },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );

  notify
    .command("rm")
    .description("Tell a receiver no more.")
    .argument("<id>")
    .action(async (id: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        await call("deleteNotification", { params: { notificationId: id } });
        ui.data({ id });
        ui.say("It is told nothing more.");
      }),
    );
}

interface AddOptions {
  name?: string;
  event?: NotificationEvent[];
  escalation?: boolean;
  severity?: (typeof severities)[number];
  quiet?: string;
  timeZone?: string;
  criticalAnyway?: boolean;
}

/** What is asked of the API. An address is written as people write it. */
function receiverOf(where: string, options: AddOptions) {
  const url = /^[^\s@:/]+@[^\s@]+$/.test(where) ? `mailto:${where}` : where;
  if (options.escalation === true && options.event !== undefined) {
    throw usageError("--escalation is an event of its own", "Leave out --event, or name alert.escalated there");
  }
  const events = options.escalation === true ? (["alert.escalated"] as const) : options.event;
  const [begins, ends, ...rest] = options.quiet?.split("-") ?? [];
  if (options.quiet !== undefined && (begins === undefined || ends === undefined || rest.length > 0)) {
    throw usageError(`${options.quiet} is no span of a day`, "Write it as 22:00-07:00");
  }
  const timeZone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    name: options.name ?? nameOf(url),
    url,
    ...(events === undefined ? {} : { events: [...events] }),
    ...(options.severity === undefined ? {} : { leastSeverity: options.severity }),
    ...(begins === undefined || ends === undefined
      ? {}
      : { quietHours: { begins, ends, timeZone, exceptCritical: options.criticalAnyway === true } }),
  };
}

function nameOf(url: string): string {
  if (url.startsWith("mailto:")) return url.slice("mailto:".length).slice(0, 80);
  if (url.startsWith("arn:")) return url.split(":").at(-1)?.slice(0, 80) ?? url;
  return URL.canParse(url) ? new URL(url).hostname : url;
}

function eventsText(events: readonly NotificationEvent[]): string {
  return events.length === notificationEvents.length ? "all" : events.join(", ");
}

const patienceMs = 20_000;

async function outcomeOf(call: Client, id: string, sent: DeliveryView, ui: Ui): Promise<DeliveryView> {
  const done = ui.progress("Sending …");
  const untilMs = Date.now() + patienceMs;
  try {
    let seen = sent;
    while (seen.attempts === 0 && Date.now() < untilMs) {
      await delay(300);
      const { items } = await call("listDeliveries", { params: { notificationId: id } });
      seen = items.find((one) => one.id === sent.id) ?? seen;
    }
    return seen;
  } finally {
    done();
  }
}

function paintDelivery({ status }: DeliveryView, { paint }: Ui): string {
  return status === "delivered" ? paint.green(status) : status === "failed" ? paint.red(status) : paint.yellow(status);
}

function deliveryText(delivery: DeliveryView, ui: Ui): string {
  return `${paintDelivery(delivery, ui)}  ${ui.paint.dim(`${delivery.event} · ${delivery.id}`)}`;
}
