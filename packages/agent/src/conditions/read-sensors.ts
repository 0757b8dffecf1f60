import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { usualTemperature } from "@steward/contracts/defaults";
import type { Condition } from "@steward/contracts/heartbeat";

export interface Sensor {
  name: string;
  celsius: number;
  /** What its maker says: from here on it is warm, and from here on it takes harm. */
  max?: number;
  critical?: number;
}

export function judgeSensors(
  sensors: readonly Sensor[],
  limits: { warning: number; critical: number } = usualTemperature,
): Condition[] {
  return sensors.flatMap(({ name, celsius, max, critical }): Condition[] => {
    const critically = critical ?? (max === undefined ? limits.critical : undefined);
    const warm = max ?? (critical === undefined ? limits.warning : Math.min(limits.warning, critical - 5));
    if (critically !== undefined && celsius >= critically) {
      return [{ kind: "temperature", subject: name, level: "critical" }];
    }
    return celsius >= warm ? [{ kind: "temperature", subject: name, level: "warning" }] : [];
  });
}

/** All sensors of the kernel below `root` (`/`). What cannot be read is not there. */
export async function readSensors(root = "/"): Promise<Sensor[]> {
  const monitors = await foldersOf(join(root, "sys/class/hwmon"));
  const found = (await Promise.all(monitors.map(readMonitor))).flat();
  // Boards without monitors, as small ARM ones, have zones alone; where there are both, they say the same.
  if (found.length > 0) return found;
  const zones = (await foldersOf(join(root, "sys/class/thermal"))).filter((path) => /thermal_zone\d+$/.test(path));
  return (await Promise.all(zones.map(readZone))).flat();
}

async function readMonitor(folder: string): Promise<Sensor[]> {
  const files = await readdir(folder).catch(() => []);
  const chip = (await textOf(join(folder, "name"))) ?? "sensor";
  const sensors = files.flatMap((file) => /^(temp\d+)_input$/.exec(file)?.[1] ?? []).toSorted();
  const read = sensors.map(async (sensor) => {
    const [celsius, max, critical, label] = await Promise.all([
      degrees(join(folder, `${sensor}_input`)),
      degrees(join(folder, `${sensor}_max`)),
      degrees(join(folder, `${sensor}_crit`)),
      textOf(join(folder, `${sensor}_label`)),
    ]);
    return sensorOf(`${chip} ${label ?? sensor}`, celsius, max, critical);
  });
  return (await Promise.all(read)).flat();
}

async function readZone(folder: string): Promise<Sensor[]> {
  const files = await readdir(folder).catch(() => []);
  const name = (await textOf(join(folder, "type"))) ?? "zone";
  let critical: number | undefined;
  for (const file of files) {
    const trip = /^(trip_point_\d+)_type$/.exec(file)?.[1];
    if (trip === undefined || (await textOf(join(folder, file))) !== "critical") continue;
    critical = await degrees(join(folder, `${trip}_temp`));
  }
  return sensorOf(name, await degrees(join(folder, "temp")), undefined, critical);
}

function sensorOf(name: string, celsius?: number, max?: number, critical?: number): Sensor[] {
  // A sensor that nothing is connected to tells the end of its scale.
  if (celsius === undefined || celsius <= -40 || celsius >= 125) return [];
  const isLimit = (value: number | undefined): value is number => value !== undefined && value > 20 && value < 200;
  return [
    {
      name: name.slice(0, 100),
      celsius,
      ...(isLimit(critical) ? { critical } : {}),
      ...(isLimit(max) && !(isLimit(critical) && max > critical) ? { max } : {}),
    },
  ];
}

async function degrees(path: string): Promise<number | undefined> {
  const text = await textOf(path);
  const value = Number(text);
  return text === undefined || text === "" || !Number.isFinite(value) ? undefined : value / 1000;
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function foldersOf(path: string): Promise<string[]> {
  const names: string[] = await readdir(path).catch(() => []);
  return names.toSorted().map((name) => join(path, name));
}
