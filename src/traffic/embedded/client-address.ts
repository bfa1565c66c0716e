import { BlockList, isIP, type Socket } from 'node:net';

/** Proxies in front of the router whose X-Forwarded-* headers are believed. Everyone else's are replaced. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #none: boolean;

  /** @param entries - Addresses or CIDR ranges. @throws RangeError naming the entry that is neither. */
  constructor(entries: readonly string[]) {
    this.#none = entries.length === 0;
    for (const entry of entries) {
      const [address = '', bits] = entry.split('/');
      const version = isIP(address);
      if (version === 0) throw new RangeError(`not an address or range: ${entry}`);
      const family = version === 4 ? 'ipv4' : 'ipv6';
      this.#list.addSubnet(address, bits === undefined ? (version === 4 ? 32 : 128) : Number(bits), family);
    }
  }

  trusts(address: string): boolean {
    if (this.#none) return false;
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }

  /**
   * Who the client is: the peer, or behind trusted proxies the last address in X-Forwarded-For that is not one.
   *
   * @returns The client's address and the X-Forwarded-For to send on.
   */
  resolve(peer: string, forwardedFor: string): { client: string; forwardedFor: string } {
    if (!this.trusts(peer) || forwardedFor === '') return { client: peer, forwardedFor: peer };
    const chain = forwardedFor.split(',').map((part) => part.trim());
    const client = chain.findLast((address) => !this.trusts(address)) ?? chain[0] ?? peer;
    return { client, forwardedFor: `${forwardedFor}, ${peer}` };
  }
}

/** The address of the other end, IPv4 as such even on a socket that listens on both. */
export function peerAddress(socket: Socket): string {
  const address = socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
