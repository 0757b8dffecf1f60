import { Duration, RemovalPolicy } from "aws-cdk-lib";
import {
  BackupPlan,
  BackupPlanRule,
  BackupResource,
  BackupVault,
  CfnRestoreTestingPlan,
  CfnRestoreTestingSelection,
} from "aws-cdk-lib/aws-backup";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { Schedule } from "aws-cdk-lib/aws-events";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type IKey, Key } from "aws-cdk-lib/aws-kms";
import { resourceNames } from "@steward/contracts/names";
import { Construct } from "constructs";
import { explain } from "./explain.ts";
import type { StageProps } from "./stage-props.ts";

/**
 * A copy of the table every day, for longer than point-in-time recovery reaches back, in a vault that nobody takes
 * copies out of before their time; and every week one of them is restored, to know that they are any good. The buckets
 * are not copied: bundles can be built again, outputs are let go after a while anyway, and the CAs' certificates are in
 * a parameter too.
 */
export class Backup extends Construct {
  constructor(scope: Construct, { stage, settings, table, dataKey }: StageProps & { table: ITable; dataKey: IKey }) {
    super(scope, "Backup");
    const { prefix } = resourceNames(stage);
    const kept = Duration.days(settings.retention.backupDays);
    const vault = new BackupVault(this, "Vault", {
      backupVaultName: prefix,
      // A key of their own: whoever loses the data's has these left.
      encryptionKey: new Key(this, "Key", {
        description: `Steward ${stage}: backups`,
        enableKeyRotation: true,
        removalPolicy: RemovalPolicy.RETAIN,
      }),
      blockRecoveryPointDeletion: true,
      // Governance: who may change vaults can lift it. Compliance could never be lifted, not even to tear a stage down.
      lockConfiguration: { minRetention: kept },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const plan = new BackupPlan(this, "Plan", {
      backupPlanName: prefix,
      backupVault: vault,
      backupPlanRules: [
        new BackupPlanRule({
          ruleName: "daily",
          scheduleExpression: Schedule.cron({ hour: "3", minute: "0" }),
          startWindow: Duration.hours(1),
          completionWindow: Duration.hours(6),
          deleteAfter: kept,
        }),
      ],
    });
    const role = (id: string, use: "Backup" | "Restores") => {
      const policy = `service-role/AWSBackupServiceRolePolicyFor${use}`;
      const made = new Role(this, id, {
        assumedBy: new ServicePrincipal("backup.amazonaws.com"),
        managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(policy)],
      });
      explain(made, {
        [`IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`]:
          "AWS Backup adds to what its role must be able to do, and keeps this policy in step",
      });
      return made;
    };
    plan.addSelection("Table", {
      backupSelectionName: "table",
      resources: [BackupResource.fromDynamoDbTable(table)],
      role: role("BackupRole", "Backup"),
      disableDefaultBackupPolicy: true,
    });

    const testPlan = new CfnRestoreTestingPlan(this, "RestoreTest", {
      restoreTestingPlanName: `${prefix}_restore`.replaceAll("-", "_"),
      scheduleExpression: "cron(0 10 ? * MON *)",
      startWindowHours: 8,
      recoveryPointSelection: {
        algorithm: "RANDOM_WITHIN_WINDOW",
        includeVaults: [vault.backupVaultArn],
        recoveryPointTypes: ["SNAPSHOT"],
        selectionWindowDays: 30,
      },
    });
    new CfnRestoreTestingSelection(this, "RestoreTestTable", {
      restoreTestingPlanName: testPlan.ref,
      restoreTestingSelectionName: "table",
      protectedResourceType: "DynamoDB",
      protectedResourceArns: [table.tableArn],
      iamRoleArn: role("RestoreRole", "Restores").roleArn,
      // The restored table is a customer's data too. It stands for so many hours, for whoever wants to look into it.
      restoreMetadataOverrides: { encryptionType: "KMS", kmsMasterKeyArn: dataKey.keyArn },
      validationWindowHours: 4,
    });
  }
}
