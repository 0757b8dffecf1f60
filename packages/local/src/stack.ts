import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import type { Session } from "@steward/contracts/session";
import { functionNames } from "@steward/functions/definitions";
import { workerNodeOptions } from "@steward/worker/memory";
import { z } from "zod";
import { invokedSchema, invokeMessageSchema } from "./cloud/invoke-message.ts";
import { writeCredentials } from "./credentials.ts";
import { demoAppliances, demoTenants } from "./demo-fleet.ts";
import { enrolWorker, fleetDirectory, planFleet } from "./enrol-demo.ts";
import { inherited } from "./env.ts";
import { fetchTransport } from "./fetch-transport.ts";
import { chooseExecutor } from "./fleet/executors.ts";
import { enrolledSchema } from "./fleet/plan.ts";
import { claimPorts } from "./free-ports.ts";
import { ensureServerCertificate, serverCaFile } from "./host/server-certificate.ts";
import { createHostChannel } from "./host-channel.ts";
import { createRootKey, openRootKey } from "./root-key.ts";
import type { Role, Stack, StackTenant, StewardOptions } from "./stack-options.ts";
import { seedTenants, setUpStage } from "./stage-setup.ts";
import { type ChildSpec, type SupervisedChild, superviseChild } from "./supervised-child.ts";
import { takeStateDir } from "./supervisor-lock.ts";

const region = "eu-central-1";
const adminName = "admin";
const installationSchema = z.object({ nodesPort: z.number(), confirmed: z.array(z.string()) });

/**
 * Brings the whole installation up and keeps it up: cloud, Lambda host, worker, demo fleet, each a process that is started
 * again when it ends. Throws one clear `AppError` where something outside is in the way; nothing is left running then.
 */
export async function startSteward(options: StewardOptions): Promise<Stack> {
  const startedMs = performance.now();
  const log = options.log ?? (() => undefined);
  const timings: Record<string, number> = {};
  const phase = (name: string) => {
    timings[name] = Math.round(performance.now() - startedMs);
    options.onPhase?.(name, timings[name]);
  };
  const { stateDir, stage = "local" } = options;
  const lock = takeStateDir(stateDir);
  const children = new Map<Role, SupervisedChild>();
  const close = async () => {
    // Those who call first, so that they can still say goodbye to those who are called.
    const order = (role: Role) => (role === "cloud" ? 2 : role === "host" ? 1 : 0);
    for (const rank of [0, 1, 2]) {
      await Promise.all(
        [...children.values()].filter(({ role }) => order(role as Role) === rank).map((child) => child.close()),
      );
    }
    lock.release();
  };
  try {
    const executor = await chooseExecutor(options.executor ?? "auto", options.sandboxDir ?? ".sandbox");
    if ("impossible" in executor) {
      throw new AppError("unavailable", `the executor ansible cannot run here: ${executor.impossible}`, {
        next: executor.next,
      });
    }
    const installation = openInstallation(join(stateDir, "installation.json"));
    const nodesPort = (options.ports?.nodes ?? 0) === 0 ? installation.nodesPort : options.ports?.nodes;
    const ports = await claimPorts({
      cloud: { port: options.ports?.cloud ?? 0, option: "--cloud-port" },
      api: { port: options.ports?.api ?? 0, option: "--api-port" },
      nodes: { port: nodesPort ?? 0, option: "--nodes-port" },
    });
    if (installation.nodesPort !== undefined && installation.nodesPort !== ports.nodes) {
      throw new AppError("conflict", `the machines of ${stateDir} call port ${installation.nodesPort}`, {
        next: `start with --nodes-port ${installation.nodesPort}, or with another --state-dir`,
      });
    }
    const apiUrl = `http://127.0.0.1:${ports.api}`;
    const nodesUrl = `https://127.0.0.1:${ports.nodes}`;
    const cloudUrl = options.cloudUrl ?? `http://127.0.0.1:${ports.cloud}`;
    const credentialsFile = join(stateDir, "credentials.json");
    writeCredentials(credentialsFile, stage, options.outsiders);
    const compileCacheDir = options.compileCacheDir ?? join(stateDir, "compile-cache");
    // Made here and not by the host, because the fleet needs it as well.
    await ensureServerCertificate(stateDir, Date.now());

    const baseEnv = (): Record<string, string> => ({
      ...inherited(["PATH", "HOME", "TMPDIR", "LANG"]),
      STEWARD_STATE_DIR: stateDir,
      STEWARD_STAGE: stage,
      NODE_COMPILE_CACHE: compileCacheDir,
    });
    const add = (role: Role, spec: Omit<ChildSpec, "role" | "logFile">): SupervisedChild => {
      const child = superviseChild(
        { ...spec, role, logFile: join(stateDir, "logs", `${role.replace(":", "-")}.log`) },
        log,
      );
      children.set(role, child);
      return child;
    };

    const cloud =
      options.cloudUrl === undefined
        ? add("cloud", {
            file: new URL("./cloud/main.ts", import.meta.url),
            env: () => ({
              ...baseEnv(),
              STEWARD_CLOUD_PORT: String(ports.cloud),
              STEWARD_CREDENTIALS_FILE: credentialsFile,
              ...inherited(["STEWARD_RECORD_CALLS"]),
              ...(options.dynamodbEndpoint === undefined
                ? {}
                : { STEWARD_DYNAMODB_ENDPOINT: options.dynamodbEndpoint }),
            }),
            isReady: (message) => message["ready"] === true,
            onMessage: (message) => void passOnRotation(message),
          })
        : undefined;
    // Secrets Manager rotates by functions, which run in the host.
    const passOnRotation = async (message: Record<string, unknown>) => {
      const asked = invokeMessageSchema.safeParse(message);
      if (!asked.success) return;
      const { id, functionArn, rotation } = asked.data;
      const name = functionNames.find((one) => functionArn.endsWith(`:${resourceNames(stage).lambda(one)}`));
      const error = await (name === undefined
        ? Promise.resolve(`there is no function ${functionArn}`)
        : channel.invoke(name, rotation, z.unknown()).then(
            () => undefined,
            (failed: unknown) => (failed instanceof Error ? failed.message : String(failed)),
          ));
      cloud?.send({ invoked: id, ...(error === undefined ? {} : { error }) } satisfies z.infer<typeof invokedSchema>);
    };
    const channel = createHostChannel(() => host);
    const doors = createGate();
    const host: SupervisedChild = add("host", {
      file: new URL("./host/main.ts", import.meta.url),
      env: () => ({
        ...baseEnv(),
        AWS_ENDPOINT_URL: cloudUrl,
        AWS_REGION: region,
        STEWARD_CREDENTIALS_FILE: credentialsFile,
        STEWARD_API_PORT: String(ports.api),
        STEWARD_NODES_PORT: String(ports.nodes),
        STEWARD_COMPILE_CACHE: compileCacheDir,
        STEWARD_FUNCTION_ENV: JSON.stringify(options.functionEnv ?? {}),
        ...(options.functionsDir === undefined ? {} : { STEWARD_FUNCTIONS_DIR: options.functionsDir }),
        ...(options.reconcileSeconds === undefined
          ? {}
          : { STEWARD_RECONCILE_SECONDS: String(options.reconcileSeconds) }),
        ...(options.scheduleSeconds === undefined ? {} : { STEWARD_SCHEDULE_SECONDS: String(options.scheduleSeconds) }),
        ...(options.sealSeconds === undefined ? {} : { STEWARD_SEAL_SECONDS: String(options.sealSeconds) }),
        ...(options.sweepSeconds === undefined ? {} : { STEWARD_SWEEP_SECONDS: String(options.sweepSeconds) }),
        ...(options.visibilitySeconds === undefined
          ? {}
          : { STEWARD_VISIBILITY_SECONDS: String(options.visibilitySeconds) }),
      }),
      isReady: (message) => message["event"] === "ready",
      onMessage: (message) => {
        channel.hear(message);
        if (message["event"] === "api") doors.open();
      },
    });
    const hostUp = host.start();
    // Awaited below; until then a failure must not count as unhandled.
    hostUp.catch(() => undefined);
    await cloud?.start();
    phase("cloud");
    await Promise.race([doors.opened, hostUp]);
    phase("api door");

    const rootKeyFile = join(stateDir, "root-key.pem");
    await setUpStage(channel, {
      root: { open: () => openRootKey(rootKeyFile), create: () => createRootKey(rootKeyFile) },
      nowMs: Date.now(),
    });
    phase("stage published");
    const interval = options.heartbeatIntervalSeconds ?? 3;
    const seeds = [
      ...demoTenants.map(({ slug, name }) => ({ slug, name, provider: false })),
      { slug: "provider", name: "Provider", provider: true },
    ];
    const seedOf = ({ name, provider }: (typeof seeds)[number]) => ({
      name,
      provider,
      heartbeatIntervalSeconds: interval,
      admin: adminName,
    });
    const seeded = await seedTenants(channel, seeds.map(seedOf));
    phase("tenants");
    const anybody = createClient({ baseUrl: apiUrl, transport: fetchTransport });
    const tenants: StackTenant[] = await Promise.all(
      seeds.map(async ({ slug, name }) => {
        const own = seeded.find((one) => one.name === name);
        if (own === undefined) throw new Error(`the tenant ${name} was not made`);
        const session = await anybody("createSession", { body: { bootstrapToken: own.bootstrapToken } });
        return { slug, id: own.tenantId, name, profile: profileFrom(apiUrl, own.tenantId, session) };
      }),
    );
    phase("signed in");
    const tenantOf = (slug: string): StackTenant => {
      const tenant = tenants.find((one) => one.slug === slug);
      if (tenant === undefined)
        throw new Error(`there is no tenant ${slug}; there are ${tenants.map((one) => one.slug).join(", ")}`);
      return tenant;
    };
    const headersOf = (slug: string) => {
      const { id, profile } = tenantOf(slug);
      return { authorization: `Bearer ${profile.accessToken}`, "steward-tenant": id };
    };
    const clientOf = (slug: string): Client =>
      createClient({ baseUrl: apiUrl, transport: fetchTransport, headers: () => headersOf(slug) });
    await hostUp;
    phase("nodes door");
    installation.save({ nodesPort: ports.nodes });

    const startWorker = async () => {
      if (options.worker === false) return;
      const workerDir = join(stateDir, "worker");
      mkdirSync(workerDir, { recursive: true, mode: 0o700 });
      await enrolWorker(clientOf, apiUrl, workerDir);
      const child = add("worker", {
        file: new URL(import.meta.resolve("@steward/worker/main")),
        args: ["run"],
        env: () => ({
          ...baseEnv(),
          NODE_OPTIONS: workerNodeOptions,
          // A slot for every queue, so that all are listened to at the same time; whoever says otherwise is followed.
          STEWARD_WORKER_SLOTS: inherited(["OLLAMA_NUM_PARALLEL"])["OLLAMA_NUM_PARALLEL"] ?? "4",
          // Nobody's laptop fetches gigabytes unasked.
          STEWARD_WORKER_PULL: "never",
          ...inherited(["OLLAMA_HOST", "OLLAMA_NUM_PARALLEL", "STEWARD_WORKER_SLOTS", "STEWARD_WORKER_PULL"]),
          STEWARD_STATE_DIR: workerDir,
          // Whoever ends a demo does not wait for a model; what it was at is given back.
          STEWARD_DRAIN_SECONDS: "1",
          STEWARD_SERVER_CA_FILE: serverCaFile(stateDir),
          // Its keys are lent to it by the nodes door, as on any host of somebody's own.
          AWS_ENDPOINT_URL: cloudUrl,
          ...(options.worker === undefined || options.worker === false || options.worker.ollamaHost === undefined
            ? {}
            : { OLLAMA_HOST: options.worker.ollamaHost }),
          ...(options.worker === undefined || options.worker === false ? {} : options.worker.env),
        }),
        isReady: (message) => message["event"] === "ready",
      });
      await child.start();
      phase("worker");
    };

    const startFleet = async () => {
      const count = options.appliances ?? 25;
      if (count === 0) return;
      const wanted = demoAppliances(count).map(({ diskPercent, silentAfterSeconds, ...appliance }) => ({
        ...appliance,
        ...(options.troubles === false || diskPercent === undefined ? {} : { diskPercent }),
        ...(options.troubles === false || silentAfterSeconds === undefined ? {} : { silentAfterSeconds }),
      }));
      const directory = fleetDirectory(stateDir);
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const file = join(directory, "plan.json");
      await planFleet(clientOf, tenants, wanted, {
        file,
        apiUrl,
        cloudUrl,
        serverCaFile: serverCaFile(stateDir),
        directory,
        executor: executor.executor,
      });
      phase("fleet invited");
      const confirmations: Promise<unknown>[] = [];
      const confirm = async (message: Record<string, unknown>) => {
        const enrolled = enrolledSchema.safeParse(message);
        if (!enrolled.success || installation.confirmed.has(enrolled.data.nodeId)) return;
        const { tenantId, nodeId, keyFingerprint } = enrolled.data;
        const slug = tenants.find((one) => one.id === tenantId)?.slug ?? "";
        await clientOf(slug)("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
        installation.confirmed.add(nodeId);
      };
      const addAgents = (role: Role, args: string[]) =>
        add(role, {
          file: new URL("./fleet/main.ts", import.meta.url),
          args: ["--plan", file, ...args],
          env: baseEnv,
          isReady: (message) => message["event"] === "ready",
          onMessage: (message) => {
            confirmations.push(
              confirm(message).catch((error: unknown) => log(`cannot confirm an appliance: ${String(error)}`)),
            );
          },
        });
      const agents = options.separateAgents
        ? wanted.map(({ name }) => addAgents(`agent:${name}`, ["--only", name]))
        : [addAgents("fleet", [])];
      await Promise.all(agents.map((agent) => agent.start()));
      await Promise.all(confirmations);
      installation.save({ nodesPort: ports.nodes });
      phase("fleet");
    };

    await Promise.all([startWorker(), startFleet()]);
    phase("ready");
    host.send({ warm: true });

    return {
      apiUrl,
      nodesUrl,
      cloudUrl,
      stateDir,
      stage,
      tenants,
      executor: { kind: executor.executor.kind, why: executor.why },
      timings,
      profileOf: (slug) => tenantOf(slug).profile,
      headersOf,
      loginLink: async (slug = demoTenants[0].slug) => {
        const seed = seeds.find((one) => one.slug === slug);
        const [fresh] = seed === undefined ? [] : await seedTenants(channel, [seedOf(seed)]);
        if (fresh === undefined) throw new Error(`there is no tenant ${slug}`);
        return `${apiUrl}/#login=${fresh.bootstrapToken}`;
      },
      pids: () =>
        Object.fromEntries([...children].flatMap(([role, { pid }]) => (pid === undefined ? [] : [[role, pid]]))),
      kill: (role) => children.get(role)?.kill("SIGKILL"),
      up: async (role) => children.get(role)?.up(),
      close,
      killNow: () => {
        for (const child of children.values()) child.killNow();
        lock.release();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function profileFrom(apiUrl: string, tenantId: string, session: Session): StackTenant["profile"] {
  return {
    apiUrl,
    tenantId,
    ...(session.refreshToken === undefined ? {} : { refreshToken: session.refreshToken }),
    accessToken: session.accessToken,
    accessTokenExpiresAt: session.accessTokenExpiresAt,
  };
}

function createGate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** What must be the same at the next start, and what need not be done again. */
function openInstallation(file: string) {
  const stored = readInstallation(file);
  const confirmed = new Set(stored?.confirmed);
  return {
    nodesPort: stored?.nodesPort,
    confirmed,
    save: ({ nodesPort }: { nodesPort: number }) => {
      writeFileSync(`${file}.new`, JSON.stringify({ nodesPort, confirmed: [...confirmed] }), {
        mode: 0o600,
        flush: true,
      });
      renameSync(`${file}.new`, file);
    },
  };
}

function readInstallation(file: string): z.infer<typeof installationSchema> | undefined {
  try {
    return installationSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
