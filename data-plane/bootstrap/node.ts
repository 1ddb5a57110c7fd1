import type { Node } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";

/** `--service-node`, `--service-cluster`, `--service-zone`: each wins over the bootstrap when given. */
export interface NodeOverrides {
  readonly id?: string;
  readonly cluster?: string;
  readonly zone?: string;
}

/** What this data plane can do that a server may want to know. Values of the xDS protocol. */
const clientFeatures = ["xds.config.resource-in-sotw"];

/** The node of the bootstrap with the overrides of the command line, as requests carry it (XC-1, XC-16). */
export function effectiveNode(node: Node | undefined, overrides: NodeOverrides, version: string): Message {
  const { id = node?.id, cluster = node?.cluster, zone } = overrides;
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number);
  const locality = zone === undefined ? node?.locality : { ...node?.locality, zone };
  return {
    ...node,
    ...(id ? { id } : {}),
    ...(cluster ? { cluster } : {}),
    ...(locality ? { locality } : {}),
    user_agent_name: "chancery",
    user_agent_build_version: {
      version: {
        ...(major ? { major_number: major } : {}),
        ...(minor ? { minor_number: minor } : {}),
        ...(patch ? { patch } : {}),
      },
    },
    client_features: clientFeatures,
  };
}
