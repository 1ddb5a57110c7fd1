import type { Socket } from "node:net";
import type { DialForCheck } from "../health/check-connection.ts";
import type { Address } from "../network/address.ts";
import { endpointAddress } from "../network/address.ts";
import type { Host } from "../network/upstream.ts";
import type { DialerParts } from "./dialer.ts";
import { openUpstreamSocket } from "./upstream-socket.ts";

/** What connects to a host to check it at `address`: on no books, in no statistics, and with the transport socket that checks are to have. */
export function dialerForChecks(
  { config, transports, nextId }: Pick<DialerParts, "config" | "transports" | "nextId">,
  host: Host,
  address: Address,
): DialForCheck {
  return (onConnected, onFailure) => {
    const socket = openUpstreamSocket(config, address, undefined, undefined);
    let isSettled = false;
    const cancel = () => {
      isSettled = true;
      socket.destroy();
    };
    const fail = () => {
      if (isSettled) return;
      cancel();
      onFailure();
    };
    socket.on("error", fail);
    socket.on("connect", () => {
      if (isSettled) return;
      const local = endpointAddress(socket.localAddress, socket.localPort);
      // A check has no downstream to tell of, and its header tells of the address that is checked (PP-118, PP-119).
      const checked = { ...host, address };
      const context = { host: checked, connectionId: nextId(), downstream: undefined, local };
      const labels = config.health.check?.transportLabels;
      const transport = labels ? transports.ofLabels(labels) : transports.of(host);
      const header = transport.header(context);
      const connected = (ready: Socket, first: Buffer | undefined) => {
        isSettled = true;
        onConnected({ socket: ready, local, remote: address, header: first });
      };
      if (!transport.secure) return connected(socket, header);
      // In clear, ahead of the handshake (PP-89).
      if (header) socket.write(header);
      const onlyProtocols = config.health.check?.alpnProtocols ?? [];
      transport.secure({
        socket,
        context,
        wish: { serverName: "", verifiedName: undefined, protocols: [], onlyProtocols },
        onSecured: (secured) => {
          if (!isSettled) connected(secured, undefined);
        },
        onFailure: fail,
      });
    });
    return cancel;
  };
}
