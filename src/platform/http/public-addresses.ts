import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Some network addresses: an address, or a network in CIDR notation, each. */
export type Networks = readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]

/** Reads addresses and networks separated by commas; undefined where one is none. */
export function readNetworks(text: string): Networks | undefined {
  const networks: [ipaddr.IPv4 | ipaddr.IPv6, number][] = []
  for (const part of text
    .split(',')
    .map(each => each.trim())
    .filter(Boolean)) {
    const [base = ''] = part.split('/')
    if (isIP(base) === 0) return undefined
    if (ipaddr.isValidCIDR(part)) networks.push(ipaddr.parseCIDR(part))
    else if (base === part) {
      const address = ipaddr.parse(part)
      networks.push([address, address.kind() === 'ipv4' ? 32 : 128])
    } else return undefined
  }
  return networks
}

/** Whether an address is among the networks; an IPv4 address in an IPv6 one counts as itself. */
export function isAmong(address: string, networks: Networks): boolean {
  const one = parse(address)
  return (
    one !== undefined && networks.some(([base, bits]) => base.kind() === one.kind() && one.match(base as never, bits))
  )
}

/**
 * Whether an address is one of the public internet's: not of this machine, its networks, a cloud's metadata service or a
 * range with another purpose. An IPv4 address inside an IPv6 one (mapped, NAT64) counts as itself.
 */
export function isPublicAddress(address: string): boolean {
  const one = parse(address)
  if (one === undefined) return false
  if (one.kind() === 'ipv4') return one.range() === 'unicast' && !hiddenServices.has(one.toString())
  // All that is routed on the internet lies in 2000::/3; what ipaddr.js calls unicast has more, such as ::a.b.c.d.
  return one.range() === 'unicast' && one.match(ipaddr.IPv6.parse('2000::') as never, 3)
}

/** Public by its number, but a service of the cloud that the machine runs in: Azure. */
const hiddenServices = new Set(['168.63.129.16'])

function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = address.replace(/^\[|\]$/g, '')
  // Four decimal numbers and nothing else: forms such as 0177.1 are read differently by different programs.
  if (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare)) return undefined
  if (!ipaddr.isValid(bare)) return undefined
  const one = ipaddr.process(bare)
  if (one.kind() === 'ipv6' && one.match(ipaddr.IPv6.parse('64:ff9b::') as never, 96)) {
    return new ipaddr.IPv4(one.toByteArray().slice(12))
  }
  return one
}
