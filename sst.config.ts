// SST reads this file before it has made its globals, and refuses imports at the top: the rest comes in when it is asked.
export default $config({
  async app(input) {
    const { readStage } = await import("./infra/stage.ts");
    const stage = readStage(input?.stage);
    return {
      name: "steward",
      home: "aws",
      removal: stage.permanent ? "retain" : "remove",
      protect: stage.permanent,
      providers: {
        aws: {
          version: "7.20.0",
          region: stage.region,
          defaultTags: { tags: stage.tags },
          ...(stage.account === undefined ? {} : { allowedAccountIds: [stage.account] }),
        },
      },
    };
  },
  async run() {
    const { deployStage } = await import("./infra/index.ts");
    return deployStage();
  },
});
