import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetParameterHistoryCommand } from "@aws-sdk/client-ssm";
import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { createClients } from "@steward/aws/clients";
import { getParameter, putParameter } from "@steward/aws/parameters";
import { getSecret } from "@steward/aws/secrets";
import { type ParameterName, parametersBy, resourceNames } from "@steward/contracts/names";
import { signedDocumentSchema } from "@steward/contracts/signed";
import { trustDocumentSchema } from "@steward/contracts/trust";
import { openRootKey } from "@steward/local/root-key";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { configFolder, type Ended, steward } from "../../packages/cli/test/run-steward.ts";
import { type LambdaStage, startLambdaStage } from "./support/lambda-stage.ts";

const stage = "anna";
const names = resourceNames(stage);
const written: ParameterName[] = ["ca-certificate", ...parametersBy.bootstrap];

let house: LambdaStage;
let config: Awaited<ReturnType<typeof configFolder>>;

async function openHouse(): Promise<void> {
  config = await configFolder();
  // Whoever sets a stage up may invoke its functions, store its one secret, and needs no other right.
  house = await startLambdaStage(stage, [
    { actions: ["secretsmanager:PutSecretValue"], resources: [names.anthropicSecret] },
    // For the looks that the tests take themselves.
    { actions: ["ssm:GetParameter", "ssm:GetParameterHistory", "ssm:PutParameter"], resources: ["*"] },
    { actions: ["dynamodb:Scan"], resources: ["*"] },
    { actions: ["secretsmanager:GetSecretValue"], resources: [names.anthropicSecret] },
  ]);
}
async function closeHouse(): Promise<void> {
  await house?.close();
  await config?.remove();
}

interface Answer {
  link: string;
  bootstrapToken: string;
  changed: string[];
  made: string[];
  personId: string;
  tenantId: string;
  releaseVersion: number;
  rootKey: { file: string; made: boolean; encrypted: boolean; fingerprint?: string };
}

function bootstrap(args: readonly string[] = [], input?: string): Promise<Ended> {
  return steward(["bootstrap", "--stage", stage, "--api-url", house.apiUrl, ...args], {
    config: config.folder,
    env: house.env,
    ...(input === undefined ? {} : { input }),
  });
}

async function bootstrapped(...args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await bootstrap(["--json", ...args]);
  expect(code, stdout + stderr).toBe(0);
  return JSON.parse(stdout) as Answer;
}

const clients = () =>
  createClients({ region: "eu-central-1", credentials: house.operator, endpointUrl: house.cloud.endpoint });

/** How many values each parameter has had, and how many tenants and people there are. */
async function counted(): Promise<Record<string, number>> {
  const { ssm } = clients();
  const counts: Record<string, number> = {};
  for (const name of written) {
    const history = await ssm
      .send(new GetParameterHistoryCommand({ Name: names.parameter(name) }))
      .catch(() => ({ Parameters: [] }));
    counts[name] = history.Parameters?.length ?? 0;
  }
  const dynamo = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region: "eu-central-1", credentials: house.operator, endpoint: house.cloud.endpoint }),
  );
  const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: names.table }));
  for (const kind of ["TENANT", "PERSON"]) counts[kind] = Items.filter(({ sk }) => sk === kind).length;
  return counts;
}
const once = { ...Object.fromEntries(written.map((name) => [name, 1])), TENANT: 1, PERSON: 1 };

async function trust() {
  const text = await getParameter(clients().ssm, names.parameter("trust-document"));
  const document = signedDocumentSchema.parse(JSON.parse(text ?? ""));
  const content = trustDocumentSchema.parse(JSON.parse(Buffer.from(document.payload, "base64").toString("utf8")));
  return { document, content };
}

const login = (link: string) => steward(["login", link, "--json"], { config: config.folder, env: {} });

describe("a stage, from its first set-up on", () => {
  beforeAll(openHouse);
  afterAll(closeHouse);

  test("a stage is set up by invoking one function: root key, trust, release, the provider's admin, a link that works once", async () => {
    const answer = await bootstrapped();
    expect(answer.changed.toSorted()).toEqual(written.toSorted());
    expect(answer).toMatchObject({ made: ["tenant", "admin"], releaseVersion: 1 });
    expect(await counted()).toEqual(once);

    const { file } = answer.rootKey;
    expect(answer.rootKey).toEqual({
      file: join(config.folder, `root-key-${stage}.pem`),
      made: true,
      encrypted: false,
      fingerprint: openRootKey(file)?.keyId,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { document, content } = await trust();
    expect(content.version).toBe(1);
    expect(openRootKey(file)?.keyId).toBe(document.keyId);
    expect(await getParameter(clients().ssm, names.parameter("root-public-key"))).toBe(openRootKey(file)?.publicKey);

    const first = await login(answer.link);
    expect(first.code, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ principal: { name: "admin" }, tenants: [{ name: "Provider" }] });
    expect((await login(answer.link)).code).not.toBe(0);
  });

  test("again: a fresh link and nothing else, from a machine without the root key, and it says so", async () => {
    const elsewhere = join(config.folder, "elsewhere.pem");
    const first = await bootstrapped();
    const { document } = await trust();
    renameSync(first.rootKey.file, elsewhere);
    const again = await bootstrap();
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout).toContain("nothing was changed but for this sign-in link");
    expect(existsSync(first.rootKey.file)).toBe(false);
    renameSync(elsewhere, first.rootKey.file);
    expect(await counted()).toEqual(once);
    expect((await trust()).document).toEqual(document);
    const link = /http:\S+#login=\S+/.exec(again.stdout)?.[0] ?? "";
    expect(link).not.toBe(first.link);
    // Both hold, each once: whoever lost the first is not shut out by asking for another.
    expect((await login(link)).code).toBe(0);
    expect((await login(first.link)).code).toBe(0);
  });

  test("a customer's tenant and its admin are made the same way, once however often they are asked for", async () => {
    const [first, second] = await Promise.all([
      bootstrapped("--for-tenant", "Acme", "--admin", "bert"),
      bootstrapped("--for-tenant", "Acme", "--admin", "bert"),
    ]);
    expect(second.personId).toBe(first.personId);
    expect([...first.made, ...second.made].toSorted()).toEqual(["admin", "tenant"]);
    expect(await counted()).toEqual({ ...once, TENANT: 2, PERSON: 2 });
    const signedIn = await login(first.link);
    expect(JSON.parse(signedIn.stdout)).toMatchObject({ principal: { name: "bert" }, tenants: [{ name: "Acme" }] });
  });

  test("a customer's admin is never one of the provider's staff, whatever tenant and admin are called", async () => {
    const provider = await bootstrapped();
    for (const name of ["Acme", "Provider"]) {
      const customer = await bootstrapped("--for-tenant", name);
      expect(customer.tenantId).not.toBe(provider.tenantId);
      expect(customer.personId).not.toBe(provider.personId);
      const signedIn = JSON.parse((await login(customer.link)).stdout) as { tenants: { id: string }[] };
      expect(signedIn.tenants.map(({ id }) => id)).toEqual([customer.tenantId]);
    }
    expect((await bootstrapped()).personId).toBe(provider.personId);
    expect(await counted()).toEqual({ ...once, TENANT: 3, PERSON: 4 });
  });

  test("another root key than the stage's, and a file that is none, are refused; what is there stays", async () => {
    const before = await trust();
    const other = join(config.folder, "other.pem");
    execFileSync("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", other], {
      stdio: "ignore",
    });
    const refused = await bootstrap(["--root-key", other]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("another root key than the stage's");
    writeFileSync(other, "not a key");
    expect((await bootstrap(["--root-key", other])).stderr).toContain("is no private key");
    expect(await trust()).toEqual(before);
  });

  test("a stage whose functions are not deployed, and a function that fails, are told in a sentence", async () => {
    const absent = await steward(["bootstrap", "--stage", "nobody"], { config: config.folder, env: house.env });
    expect(absent.code).toBe(1);
    expect(absent.stderr).toContain("there is no function steward-nobody-bootstrap in eu-central-1");
    expect(absent.stderr).toContain("→ Deploy the stage first: npx sst deploy --stage nobody");

    // A name that the function refuses: what it says arrives.
    const refused = await bootstrap(["--admin", "x".repeat(200)]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("the function steward-anna-bootstrap failed");
    expect(refused.stderr).toContain("Its log is /aws/lambda/steward-anna-bootstrap");
  });

  test("without an address of the API the token is given with what is still to be said", async () => {
    const { code, stdout } = await steward(["bootstrap", "--stage", stage], { config: config.folder, env: house.env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/steward login \S+ --api-url <the API's address>/);
  });

  test("secrets set --stage stores the value with the operator's own right", async () => {
    const set = await steward(["secrets", "set", "anthropic", "--stage", stage], {
      config: config.folder,
      env: house.env,
      input: "sk-the-key\n",
    });
    expect(set.code, set.stderr).toBe(0);
    expect(set.stdout).toContain(`anthropic is stored for ${stage}`);
    expect(await getSecret(clients().secrets, names.anthropicSecret)).toBe("sk-the-key");
    const elsewhere = await steward(["secrets", "set", "anthropic", "--stage", "prod"], {
      config: config.folder,
      env: house.env,
      input: "sk-the-key\n",
    });
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.stderr).toContain("example");
  });

  test("another admin is one more person, and the first stays", async () => {
    const second = await bootstrapped("--admin", "anna");
    expect(second.made).toEqual(["admin"]);
    expect(await counted()).toEqual({ ...once, TENANT: 3, PERSON: 5 });
  });

  test("a release whose object is gone is followed by the next version: machines have seen its number", async () => {
    await putParameter(clients().ssm, names.parameter("release"), "releases/7-0123456789abcdef.json");
    expect(await bootstrapped()).toMatchObject({ changed: ["release"], releaseVersion: 8 });
    expect(await bootstrapped()).toMatchObject({ changed: [], releaseVersion: 8 });
  });

  test("what the function refuses arrives with what to do about it", async () => {
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const own = ["-keyout", join(config.folder, "own.pem"), "-subj", "/CN=own", "-days", "9"];
    const pem = execFileSync("openssl", [...request, ...own], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    await putParameter(clients().ssm, names.parameter("ca-certificate"), pem);
    const { code, stderr } = await bootstrap();
    expect(code).toBe(1);
    expect(stderr).toContain("failed: the CA's certificate in /steward/anna/ca-certificate is of another key");
    expect(stderr).toContain("Point the issuer's key alias back");
    expect(stderr).not.toContain("    at ");
  });
});

describe("a set-up that is disturbed", () => {
  beforeEach(openHouse);
  afterEach(closeHouse);

  test("an answer that is lost at any step is said, and the next run ends with one of everything", async () => {
    for (const step of ["look", "publish", "seed"]) {
      house.after = (now) => (now === step ? "lose" : "answer");
      const lost = await bootstrap(["--json"]);
      expect(lost.code).toBe(3);
      expect(JSON.parse(lost.stdout)).toMatchObject({
        error: { code: "unavailable", next: expect.stringContaining("Run this again") },
      });
      // Made once: a second try in the middle of the first would have been one too many.
      expect(house.steps.filter((one) => one === step)).toHaveLength(1);
      house.steps.length = 0;
    }
    house.after = () => "answer";
    const answer = await bootstrapped();
    expect(answer).toMatchObject({ changed: [], made: [] });
    expect(await counted()).toEqual(once);
    expect((await login(answer.link)).code).toBe(0);
  });

  test("two who make tenant and admin at the same moment end with one of each, and a link each", async () => {
    const file = join(config.folder, "keys", "root.pem");
    house.after = (step) => (step === "publish" ? "lose" : "answer");
    expect((await bootstrap(["--root-key", file])).code).toBe(3);
    house.after = () => "answer";
    let waiting: (() => void) | undefined;
    house.before = (step) => {
      if (step !== "seed") return;
      if (waiting !== undefined) return waiting();
      return new Promise<void>((resolve) => {
        waiting = resolve;
      });
    };
    const [one, other] = await Promise.all([bootstrapped("--root-key", file), bootstrapped("--root-key", file)]);
    expect(one.personId).toBe(other.personId);
    expect([...one.made, ...other.made].toSorted()).toEqual(["admin", "tenant"]);
    expect(await counted()).toEqual(once);
    for (const { link } of [one, other]) expect((await login(link)).code).toBe(0);
  });
});

describe("the root key", () => {
  beforeAll(openHouse);
  afterAll(closeHouse);

  test("a root key is not made in a work tree, unless git looks away", async () => {
    const tree = join(config.folder, "tree");
    mkdirSync(join(tree, "keys"), { recursive: true });
    execFileSync("git", ["init", "--quiet", tree]);
    const file = join(tree, "keys", "root.pem");
    const refused = await bootstrap(["--root-key", file], "one\ntwo\n");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("is in a work tree of git");
    expect(refused.stderr).not.toContain("passphrase");
    expect(existsSync(file)).toBe(false);
    expect((await counted())["root-public-key"]).toBe(0);
    writeFileSync(join(tree, ".gitignore"), "keys/\n");
    // Let by: what is asked for next is a passphrase.
    expect((await bootstrap(["--root-key", file], "one\ntwo\n")).stderr).toContain("at least 12 characters");
  });

  test("a new key asks for its passphrase twice, and nothing is made where the two differ", async () => {
    const file = join(config.folder, "root.pem");
    const differ = await bootstrap(["--root-key", file], "five random words\nfive other words\n");
    expect(differ.code).toBe(2);
    expect(differ.stderr).toContain("The two passphrases differ");
    expect(existsSync(file)).toBe(false);
    expect((await counted())["root-public-key"]).toBe(0);
  });

  test("the root key is encrypted with the passphrase that is given, and opened with no other", async () => {
    const file = join(config.folder, "root.pem");
    const passphrase = "five random words of mine";
    const passphraseFile = join(config.folder, "passphrase");
    const made = await bootstrap(["--root-key", file], `${passphrase}\n${passphrase}\n`);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toContain(`Root key: ${file} (encrypted)`);
    const pem = readFileSync(file, "utf8");
    expect(() => createPrivateKey(pem)).toThrow();
    expect(createPrivateKey({ key: pem, passphrase }).asymmetricKeyType).toBe("ec");

    const asked = await bootstrap(["--root-key", file], `${passphrase}\n`);
    expect(asked.code, asked.stderr).toBe(0);
    expect(asked.stderr).toContain(`Passphrase of ${file}`);
    expect(asked.stdout + asked.stderr).not.toContain(passphrase);
    writeFileSync(passphraseFile, `${passphrase}\n`);
    expect((await bootstrap(["--root-key", file, "--passphrase-file", passphraseFile])).code).toBe(0);

    const nobody = await bootstrap(["--root-key", file]);
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toContain("is encrypted");
    writeFileSync(passphraseFile, "another one altogether");
    const wrong = await bootstrap(["--root-key", file, "--passphrase-file", passphraseFile]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("does not open with this passphrase");
    writeFileSync(passphraseFile, "short");
    expect((await bootstrap(["--root-key", file, "--passphrase-file", passphraseFile])).code).toBe(2);
    expect(await counted()).toEqual(once);
  });
});
