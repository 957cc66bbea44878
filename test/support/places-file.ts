import { writeFileSync } from 'node:fs'

type Value = string | number | readonly Value[] | { readonly [name: string]: Value }

/** Writes a file of places (MaxMind DB format 2.0, 24-bit records) that knows the given networks: `203.0.113.0/24`. */
export function writePlacesFile(path: string, networks: Readonly<Record<string, Value>>): void {
  const nodes: [number, number][] = [[empty, empty]]
  const data: Buffer[] = []
  let dataSize = 0
  const leaves: { node: number; side: 0 | 1; offset: number }[] = []
  for (const [network, place] of Object.entries(networks)) {
    const bits = bitsOf(network)
    let node = 0
    for (const [depth, side] of bits.entries()) {
      const entry = nodes[node] as [number, number]
      if (depth === bits.length - 1) {
        leaves.push({ node, side, offset: dataSize })
        break
      }
      if (entry[side] === empty) {
        entry[side] = nodes.length
        nodes.push([empty, empty])
      }
      node = entry[side]
    }
    const encoded = encode(place)
    data.push(encoded)
    dataSize += encoded.length
  }
  for (const entry of nodes) {
    for (const side of [0, 1] as const) if (entry[side] === empty) entry[side] = nodes.length
  }
  for (const { node, side, offset } of leaves) (nodes[node] as [number, number])[side] = nodes.length + 16 + offset
  const tree = Buffer.alloc(nodes.length * 6)
  nodes.forEach(([left, right], index) => {
    tree.writeUIntBE(left, index * 6, 3)
    tree.writeUIntBE(right, index * 6 + 3, 3)
  })
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 6,
    database_type: 'Test-City',
    languages: ['en'],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    description: { en: 'Made by a test' },
  })
  const mark = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
  writeFileSync(path, Buffer.concat([tree, Buffer.alloc(16), ...data, mark, metadata]))
}

/** Marks a record that leads nowhere until the number of nodes is known. */
const empty = -1

/** IPv4 lies in ::/96. */
function bitsOf(network: string): (0 | 1)[] {
  const [address = '', length = ''] = network.split('/')
  const isV4 = address.includes('.')
  const bytes = isV4 ? [...Array<number>(12).fill(0), ...address.split('.').map(Number)] : bytesOf(address)
  const bits = bytes.flatMap(byte => [7, 6, 5, 4, 3, 2, 1, 0].map(at => ((byte >> at) & 1) as 0 | 1))
  return bits.slice(0, Number(length) + (isV4 ? 96 : 0))
}

function bytesOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => text.split(':').filter(Boolean)
  const [first, last] = [groups(head), groups(tail ?? '')]
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last]
  return all.flatMap(group => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([control(6, 4), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)])
  const entries = Object.entries(value)
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([name, of]) => [encode(name), encode(of)])])
}

function control(type: number, size: number): Buffer {
  if (size >= 285) throw new Error('A test needs no such long value')
  const low = Math.min(size, 29)
  const more = size >= 29 ? [size - 29] : []
  return Buffer.from(type > 7 ? [low, type - 7, ...more] : [(type << 5) | low, ...more])
}
