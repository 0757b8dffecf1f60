import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps, ObjectLockRetention } from "aws-cdk-lib/aws-s3";
import { bucketNames, resourceNames, tableSchema } from "@steward/contracts/names";
import type { Construct } from "constructs";
import { administration, throughServices } from "./key-policy.ts";
import { publish } from "./publish.ts";
import type { StageProps } from "./stage-props.ts";

/** What a stage must not lose: its table and its buckets, with the one key that encrypts them. */
export class DataStack extends Stack {
  readonly dataKey: Key;
  readonly table: Table;

  constructor(scope: Construct, id: string, { stage, settings, env }: StageProps) {
    super(scope, id, { env, description: `Steward ${stage}: the table, the buckets and their key` });
    const names = resourceNames(stage);
    const buckets = bucketNames(stage, env.account);

    this.dataKey = new Key(this, "Key", {
      description: `Steward ${stage}: everything that is stored`,
      enableKeyRotation: true,
      policy: new PolicyDocument({
        statements: [
          administration(),
          throughServices(env, ["dynamodb", "s3", "secretsmanager", "sns"]),
          // Alarms and the budget speak for themselves. They name no account here; the topic's own policy does that.
          new PolicyStatement({
            sid: "AlarmTopic",
            principals: ["cloudwatch", "budgets"].map((service) => new ServicePrincipal(`${service}.amazonaws.com`)),
            actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
            resources: ["*"],
            conditions: {
              StringEquals: {
                "kms:EncryptionContext:aws:sns:topicArn": this.formatArn({
                  service: "sns",
                  resource: names.alarmTopic,
                }),
              },
            },
          }),
        ],
      }),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    publish(this, stage, "data-key-arn", this.dataKey.keyArn);

    const key = (name: string) => ({ name, type: AttributeType.STRING });
    this.table = new Table(this, "Table", {
      tableName: names.table,
      partitionKey: key(tableSchema.partitionKey),
      sortKey: key(tableSchema.sortKey),
      timeToLiveAttribute: tableSchema.ttlAttribute,
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.dataKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 35 },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const { name, partitionKey, sortKey } of tableSchema.indexes) {
      this.table.addGlobalSecondaryIndex({
        indexName: name,
        partitionKey: key(partitionKey),
        sortKey: key(sortKey),
        projectionType: ProjectionType.ALL,
      });
    }
    publish(this, stage, "table-arn", this.table.tableArn);

    const common = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.RETAIN,
    } satisfies BucketProps;
    const accessLogs = new Bucket(this, "AccessLogs", {
      ...common,
      // S3 delivers its logs to nothing that is encrypted with a key of one's own.
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ expiration: Duration.days(settings.retention.logDays) }],
    });
    const withDataKey = { encryption: BucketEncryption.KMS, encryptionKey: this.dataKey, bucketKeyEnabled: true };
    const logged = (prefix: string) => ({ serverAccessLogsBucket: accessLogs, serverAccessLogsPrefix: `${prefix}/` });
    const abandonedUploads = { abortIncompleteMultipartUploadAfter: Duration.days(1) };

    const bundles = new Bucket(this, "Bundles", {
      ...common,
      ...withDataKey,
      ...logged("bundles"),
      bucketName: buckets.bundles,
      // Nothing here is ever overwritten by Steward: an older version is somebody's mistake, and can be taken back.
      versioned: true,
      lifecycleRules: [{ ...abandonedUploads, noncurrentVersionExpiration: Duration.days(90) }],
    });
    publish(this, stage, "bundle-bucket", bundles.bucketName);

    const outputs = new Bucket(this, "Outputs", {
      ...common,
      ...withDataKey,
      ...logged("outputs"),
      bucketName: buckets.outputs,
      // Without versions: what is past its time is gone.
      lifecycleRules: [{ ...abandonedUploads, expiration: Duration.days(settings.retention.outputDays) }],
    });
    for (const statement of outputRules(outputs, this.dataKey)) outputs.addToResourcePolicy(statement);
    publish(this, stage, "output-bucket", outputs.bucketName);

    new Bucket(this, "Fleet", {
      ...common,
      ...withDataKey,
      ...logged("fleet"),
      bucketName: buckets.fleet,
      // Without versions: an object is written anew every minute, and made again from the table where it is lost.
      lifecycleRules: [{ ...abandonedUploads, expiration: Duration.days(7) }],
    });

    const truststore = new Bucket(this, "Truststore", {
      ...common,
      ...logged("truststore"),
      bucketName: buckets.truststore,
      // Certificates are public, and API Gateway reads them with nobody's rights to a key.
      encryption: BucketEncryption.S3_MANAGED,
      // The nodes' door names a version, so every one of them stays.
      versioned: true,
      lifecycleRules: [abandonedUploads],
    });
    publish(this, stage, "truststore-bucket", truststore.bucketName);

    const audit = new Bucket(this, "Audit", {
      ...common,
      ...logged("audit"),
      // Not with our key: whoever may delete that would do away with what is locked. A seal holds hashes, and no secrets.
      encryption: BucketEncryption.S3_MANAGED,
      bucketName: buckets.audit,
      versioned: true,
      objectLockEnabled: true,
      // Every seal gets it from here, so that who puts them has no say in how long they stay.
      objectLockDefaultRetention:
        settings.seals.lock === "compliance"
          ? ObjectLockRetention.compliance(Duration.days(settings.seals.days))
          : ObjectLockRetention.governance(Duration.days(settings.seals.days)),
      // Nothing ends by itself here: a trail is verified from its oldest seal.
      lifecycleRules: [abandonedUploads],
    });
    audit.addToResourcePolicy(refusing(audit, "OnlyOnce", { Null: { "s3:if-none-match": "true" } }));
    publish(this, stage, "audit-bucket", audit.bucketName);
  }
}

/**
 * An appliance uploads a run's output to an address that the nodes' door signed for just these bytes. Whatever rights a
 * role gets by mistake, there is no other way in, no second write to the same place and no other key. (A bucket has one
 * policy, so it stands here and not with the rest of the appliances.)
 */
function outputRules(bucket: Bucket, dataKey: Key): PolicyStatement[] {
  const refuse = (sid: string, conditions: Record<string, Record<string, string>>) => refusing(bucket, sid, conditions);
  return [
    refuse("OnlyPresigned", { StringNotEquals: { "s3:authType": "REST-QUERY-STRING" } }),
    refuse("OnlyOnce", { Null: { "s3:if-none-match": "true" } }),
    // An upload names no encryption and gets the bucket's. `Null` is there because a missing header is "not equal" too.
    refuse("OnlyEncrypted", {
      Null: { "s3:x-amz-server-side-encryption": "false" },
      StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" },
    }),
    refuse("OnlyTheDataKey", {
      Null: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "false" },
      StringNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": dataKey.keyArn },
    }),
  ];
}

/** Whoever puts an object there under these conditions is refused, whatever rights he has. */
function refusing(bucket: Bucket, sid: string, conditions: Record<string, Record<string, string>>): PolicyStatement {
  return new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ["s3:PutObject"],
    resources: [bucket.arnForObjects("*")],
    conditions,
  });
}
