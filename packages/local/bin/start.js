// Plain JavaScript, because the Node that is too old for Steward is also too old to read its TypeScript.
const [major] = process.versions.node.split(".");
if (Number(major) < 24) {
  console.error(
    `Steward needs Node 24 and this is ${process.versions.node}. Run "npm install" once (it brings the right one along), then "npm start".`,
  );
  process.exit(1);
}
await import("../src/main.ts");
