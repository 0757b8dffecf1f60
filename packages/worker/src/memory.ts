/**
 * What a worker's process may take of its host, as options of Node: whoever starts one sets them as `NODE_OPTIONS` (the
 * systemd unit says the same). What it holds is small, some 40 MB whatever it has done; but V8 sizes a heap by the machine
 * and lets the young objects of a busy hour grow to 100 MB, and back when it sees fit. The old space has room for the texts
 * of more slots than a host has; a worker that outgrows it has a leak, ends, and is started again.
 */
export const workerNodeOptions = "--max-semi-space-size=4 --max-old-space-size=256";
