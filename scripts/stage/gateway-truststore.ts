import { ApiGatewayV2Client, GetDomainNameCommand } from "@aws-sdk/client-apigatewayv2";
import { clientConfiguration, type ClientOptions } from "@steward/aws/clients/options";
import { calling, isNamed } from "@steward/aws/faults";

/**
 * Which version of its truststore a door of API Gateway lets machines in by: what the door itself says, not what somebody
 * wanted to deploy. `none` where there is no such door; undefined while it takes another one up.
 */
export async function gatewayTruststore(domain: string, options: ClientOptions): Promise<string | undefined> {
  const client = new ApiGatewayV2Client(clientConfiguration(options));
  try {
    return await calling(`look at the door ${domain}`, async () => {
      try {
        const door = await client.send(new GetDomainNameCommand({ DomainName: domain }));
        const isUpdating = door.DomainNameConfigurations?.some(
          ({ DomainNameStatus }) => DomainNameStatus === "UPDATING",
        );
        return isUpdating === true ? undefined : door.MutualTlsAuthentication?.TruststoreVersion;
      } catch (error) {
        if (isNamed(error, "NotFoundException")) return "none";
        throw error;
      }
    });
  } finally {
    client.destroy();
  }
}
