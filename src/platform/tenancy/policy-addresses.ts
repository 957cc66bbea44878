import { BlockList, isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** MT-16: from where members may come, in the documents' own words. */
export type AddressLists = {
  enabled: boolean
  allowedIPs: readonly string[]
  allowedRanges: readonly string[]
  blockList: readonly string[]
}

/** An address, or the network of one: `prefix` is the number of its fixed bits. IPv4-mapped IPv6 is IPv4. */
export type Network = { kind: 'ipv4' | 'ipv6'; address: string; prefix: number }

/**
 * Reads an address (`192.0.2.7`, `2001:db8::7`) or a range (`192.0.2.0/24`), in the usual notations only: `10.1`, octal and
 * hexadecimal parts, and zones are something else to every reader. Undefined where it is neither.
 */
export function readNetwork(text: string): Network | undefined {
  const [address = '', bits, ...more] = text.split('/')
  if (more.length > 0 || (bits !== undefined && !/^(0|[1-9]\d{0,2})$/.test(bits))) return undefined
  if (isIPv4(address)) {
    const prefix = bits === undefined ? 32 : Number(bits)
    return prefix <= 32 ? { kind: 'ipv4', address, prefix } : undefined
  }
  if (!isIPv6(address) || address.includes('%')) return undefined
  const prefix = bits === undefined ? 128 : Number(bits)
  if (prefix > 128) return undefined
  // By its eight groups: ipaddr.js takes ::192.0.2.7 for ::ffff:192.0.2.7, which is another address.
  const parsed = ipaddr.IPv6.parse(new URL(`http://[${address}]`).hostname.slice(1, -1))
  if (!parsed.isIPv4MappedAddress() || prefix < 96) return { kind: 'ipv6', address: parsed.toString(), prefix }
  return { kind: 'ipv4', address: parsed.toIPv4Address().toString(), prefix: prefix - 96 }
}

/** The range with all bits after its prefix off: what `10.1.2.3/8` means is `10.0.0.0/8`. */
export function firstAddressOf({ kind, address, prefix }: Network): string {
  const reader = kind === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  return reader.networkAddressFromCIDR(`${address}/${prefix}`).toString()
}

const rememberedAtMost = 1_000

/** The lists, made ready to be asked at every request. */
export class AddressRules {
  private readonly allowed: Networks | undefined
  private readonly blocked: Networks | undefined
  private readonly remembered = new Map<string, boolean>()

  constructor({ enabled, allowedIPs, allowedRanges, blockList }: AddressLists) {
    this.allowed = enabled ? networksOf([...allowedIPs, ...allowedRanges]) : undefined
    this.blocked = blockList.length > 0 ? networksOf(blockList) : undefined
  }

  /** Whether a member may come from there: the block list is asked first, and holds also where the other lists do not. */
  allows(address: string): boolean {
    if (!this.allowed && !this.blocked) return true
    const known = this.remembered.get(address)
    if (known !== undefined) return known
    const allows = this.judge(address)
    if (this.remembered.size >= rememberedAtMost) this.remembered.clear()
    this.remembered.set(address, allows)
    return allows
  }

  private judge(text: string): boolean {
    const client = readNetwork(text)
    // What is no address cannot be held against the lists: the safe answer is no.
    if (!client) return false
    if (this.blocked && holds(this.blocked, client)) return false
    return this.allowed === undefined || holds(this.allowed, client)
  }
}

/** One list for each kind: in a common one Node finds every IPv4 address in `::/0`. */
type Networks = Readonly<Record<Network['kind'], BlockList>>

const holds = (networks: Networks, { kind, address }: Network) => networks[kind].check(address, kind)

function networksOf(texts: readonly string[]): Networks {
  const networks = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const text of texts) {
    const network = readNetwork(text)
    if (!network) throw new Error(`A security policy names "${text}", which is no network address`)
    networks[network.kind].addSubnet(network.address, network.prefix, network.kind)
  }
  return networks
}
