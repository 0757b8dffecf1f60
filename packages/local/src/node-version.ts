/** Ends with one sentence where this Node cannot run Steward. */
export function checkNodeVersion(version: string): void {
  if (Number(version.split(".")[0]) >= 24) return;
  console.error(
    `Steward needs Node 24 or newer, and this is ${version}. Start it with "npm start": after "npm install" that uses the Node that comes along.`,
  );
  process.exit(1);
}
