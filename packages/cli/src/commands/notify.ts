import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@steward/contracts/client";
import { type DeliveryView, notificationEvents } from "@steward/contracts/notification";
import { type Command, Option } from "commander";
import type { Runner } from "../context.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { examples } from "./shared.ts";

export function addNotify(program: Command, run: Runner): void {
  const notify = program
    .command("notify")
    .summary("who is told when something waits, or has ended")
    .description("Where the tenant is told that a task waits for somebody, soon has waited too long, or has ended.");

  notify
    .command("ls")
    .description("Receivers.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { items } = await call("listNotifications", {});
        ui.data({ items });
        if (items.length === 0) return ui.say("Nobody is told. Add a webhook: steward notify add <url>");
        ui.say(
          table(
            items,
            [
              { head: "NAME", cell: (one) => visible(one.name) },
              { head: "URL", cell: (one) => visible(one.url), flexible: true },
              { head: "EVENTS", cell: (one) => one.events.map((event) => event.replace("task.", "")).join(", ") },
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
      .description("Have a webhook called. Calls are signed; docs/notifications.md says how to check that.")
      .argument("<url>", "https:// and public")
      .option("--name <name>", "what you call it (default: its host)")
      .addOption(new Option("--event <event...>", "only these (default: all)").choices([...notificationEvents]))
      .action(
        async (url: string, options: { name?: string; event?: (typeof notificationEvents)[number][] }, self: Command) =>
          run(self, async ({ connect, ui }) => {
            const { call } = await connect();
            const name = options.name ?? (URL.canParse(url) ? new URL(url).hostname : url);
            const made = await call("createNotification", {
              body: { name, url, ...(options.event === undefined ? {} : { events: options.event }) },
              idempotencyKey: crypto.randomUUID(),
            });
            ui.data(made);
            ui.say(`${ui.paint.green("✔")} ${visible(made.name)}  ${ui.paint.dim(made.id)}`);
            ui.say(`Try it: steward notify test ${made.id}`);
          }),
      ),
    "steward notify add https://hooks.example.org/steward",
    "steward notify add https://hooks.example.org/steward --event task.awaiting_approval task.expiring",
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
