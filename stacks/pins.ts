/**
 * What a GPU host downloads from its makers: exact versions and their sha256. A host refuses a file with another sum. These
 * sums were taken from several independent packagings that agree, by somebody without a way to the makers' own lists;
 * `npm run pins` holds them to those lists. Run it before the first deploy, and whenever you raise one.
 */
export const pins = {
  node: {
    version: "24.21.0",
    url: "https://nodejs.org/dist/v24.21.0/node-v24.21.0-linux-x64.tar.xz",
    sha256: "fd8e59d5a511510f6a298afb548f18c7d2b1be404d8b4a27d94fbe49f56cb2d6",
    list: "https://nodejs.org/dist/v24.21.0/SHASUMS256.txt",
  },
  ollama: {
    version: "0.32.7",
    url: "https://github.com/ollama/ollama/releases/download/v0.32.7/ollama-linux-amd64.tar.zst",
    sha256: "ed1e39fe8fea90bd7f4c723bd949a2cea3153e111220ec0a183ea5b8dc8b2cae",
    list: "https://github.com/ollama/ollama/releases/download/v0.32.7/sha256sum.txt",
  },
  /** Of Ubuntu 24.04's signed archive; its patches may move on. */
  ansible: { package: "ansible-core", version: "2.16.*" },
} as const;

/** Public parameter with the newest AMI that has NVIDIA's driver and the AWS CLI on Ubuntu 24.04. Read at the deploy. */
export const gpuImageParameter =
  "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id";
