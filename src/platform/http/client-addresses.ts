import { isIP, isIPv4 } from 'node:net'

type Request = { ip: string; socket: { remoteAddress?: string | undefined } }

/**
 * The network address that a request comes from, as PostgreSQL reads it. What a proxy forwards may have a port; what does
 * not read as an address at all is the proxy's own.
 */
export function clientAddressOf({ ip, socket }: Request): string {
  return readAddress(ip) ?? readAddress(socket.remoteAddress ?? '') ?? '0.0.0.0'
}

function readAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  const [, bare = ''] = /^\[?([^\]%]+)(?:%[^\]]*)?(?:\]:\d+|\])?$/.exec(text.replace(/^([\d.]+):\d+$/, '$1')) ?? []
  const version = isIP(bare)
  if (version !== 6) return version === 4 ? bare : undefined
  // A socket that listens for both kinds calls an IPv4 client ::ffff:192.0.2.1: with its /64, all of them would be one.
  const [, high, low] = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`http://[${bare}]`).hostname) ?? []
  if (high === undefined || low === undefined) return bare
  const bytes = [high, low].flatMap(group => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
  return bytes.join('.')
}
