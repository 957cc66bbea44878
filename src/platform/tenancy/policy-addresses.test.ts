import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { AddressRules, firstAddressOf, readNetwork } from './policy-addresses.ts'

const rules = (lists: Partial<ConstructorParameters<typeof AddressRules>[0]>) =>
  new AddressRules({ enabled: false, allowedIPs: [], allowedRanges: [], blockList: [], ...lists })

test('MT-16 without lists members come from anywhere', () => {
  for (const address of ['192.0.2.1', '2001:db8::1', '::1', '0.0.0.0']) assert.ok(rules({}).allows(address))
})

test('MT-16 the block list wins over the allowed ones, and holds also while these are off', () => {
  const both = {
    allowedIPs: ['192.0.2.7'],
    allowedRanges: ['192.0.2.0/24'],
    blockList: ['192.0.2.7', '198.51.100.0/24'],
  }
  const on = rules({ enabled: true, ...both })
  assert.ok(on.allows('192.0.2.8'))
  assert.ok(!on.allows('192.0.2.7'))
  assert.ok(!on.allows('203.0.113.1'))
  const off = rules({ enabled: false, ...both })
  assert.ok(off.allows('203.0.113.1'))
  assert.ok(!off.allows('192.0.2.7'))
  assert.ok(!off.allows('198.51.100.200'))
})

test('MT-16 allowed lists that are empty let nobody in while they are on', () => {
  for (const address of ['192.0.2.1', '2001:db8::1']) assert.ok(!rules({ enabled: true }).allows(address))
})

test('MT-16 a range has its first and its last address, and neither neighbour', () => {
  const ipv4 = rules({ enabled: true, allowedRanges: ['10.1.0.0/16'] })
  const ipv6 = rules({ enabled: true, allowedRanges: ['2001:db8:1::/48'] })
  for (const address of ['10.1.0.0', '10.1.255.255']) assert.ok(ipv4.allows(address), address)
  for (const address of ['10.0.255.255', '10.2.0.0', '2001:db8:1::']) assert.ok(!ipv4.allows(address), address)
  for (const address of ['2001:db8:1::', '2001:db8:1:ffff:ffff:ffff:ffff:ffff'])
    assert.ok(ipv6.allows(address), address)
  for (const address of ['2001:db8:0:ffff:ffff:ffff:ffff:ffff', '2001:db8:2::'])
    assert.ok(!ipv6.allows(address), address)
  assert.ok(rules({ enabled: true, allowedRanges: ['0.0.0.0/0'] }).allows('203.0.113.1'))
  assert.ok(!rules({ enabled: true, allowedRanges: ['0.0.0.0/0'] }).allows('2001:db8::1'))
  assert.ok(rules({ enabled: true, allowedRanges: ['::/0'] }).allows('2001:db8::1'))
  assert.ok(!rules({ enabled: true, allowedRanges: ['::/0'] }).allows('203.0.113.1'))
})

test('MT-16 an IPv4 address is the same written as IPv6, in a rule and in a request', () => {
  const mapped = ['::ffff:192.0.2.7', '::ffff:c000:207', '0:0:0:0:0:FFFF:C000:0207']
  for (const text of mapped) {
    assert.ok(rules({ enabled: true, allowedIPs: [text] }).allows('192.0.2.7'), text)
    assert.ok(!rules({ blockList: [text] }).allows('192.0.2.7'), text)
    assert.ok(!rules({ blockList: ['192.0.2.0/24'] }).allows(text), text)
    assert.ok(rules({ enabled: true, allowedIPs: ['192.0.2.7'] }).allows(text), text)
  }
  assert.ok(!rules({ blockList: ['::ffff:192.0.2.0/120'] }).allows('192.0.2.200'))
  assert.ok(rules({ blockList: ['::ffff:192.0.2.0/120'] }).allows('192.0.3.200'))
})

test('MT-16 what is no address is let in nowhere that has rules', () => {
  for (const text of ['unknown', '', '192.0.2', '0300.0.2.7', 'fe80::1%eth0']) {
    assert.ok(!rules({ blockList: ['198.51.100.1'] }).allows(text), text)
    assert.ok(!rules({ enabled: true, allowedRanges: ['0.0.0.0/0', '::/0'] }).allows(text), text)
  }
})

test('MT-16 only usual notations are read', () => {
  const refused = [
    '',
    '1',
    '10.1',
    '0x7f.1',
    '010.0.0.1',
    '192.0.2.256',
    '192.0.2.1/',
    '192.0.2.1/33',
    '192.0.2.1/08',
    '192.0.2.1/-1',
    '192.0.2.1/24/1',
    '192.0.2.1 ',
    ' 192.0.2.1',
    '::1%lo',
    '::1/129',
    ':::',
    'example.org',
    '192.0.2.0/255.255.255.0',
    '*',
  ]
  for (const text of refused) assert.equal(readNetwork(text), undefined, text)
  assert.deepEqual(readNetwork('10.1.2.3/8'), { kind: 'ipv4', address: '10.1.2.3', prefix: 8 })
  assert.equal(firstAddressOf({ kind: 'ipv4', address: '10.1.2.3', prefix: 8 }), '10.0.0.0')
  assert.deepEqual(readNetwork('2001:DB8::0:1'), { kind: 'ipv6', address: '2001:db8::1', prefix: 128 })
})

const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 })
const groups = fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 8, maxLength: 8 })
const ipv4 = octets.map(parts => new ipaddr.IPv4(parts))
const ipv6 = groups.map(parts => new ipaddr.IPv6(parts))
/** In one of its notations: as it is, mapped, shortened, with upper-case letters. */
const written = fc.oneof(
  ipv4.map(String),
  ipv4.map(address => address.toIPv4MappedAddress().toString()),
  ipv4.map(address => `::ffff:${address}`),
  ipv6.map(String),
  ipv6.map(address => address.toNormalizedString().toUpperCase()),
)
const range = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([address, bits]) => `${address.toNormalizedString()}/${bits}`),
)

/** The same question to ipaddr.js alone. */
function isIn(client: ipaddr.IPv4 | ipaddr.IPv6, text: string): boolean {
  const [address = '', bits] = text.split('/')
  const network = ipaddr.process(address)
  const wasMapped = network.kind() === 'ipv4' && address.includes(':')
  const prefix = bits === undefined ? (network.kind() === 'ipv4' ? 32 : 128) : Number(bits) - (wasMapped ? 96 : 0)
  return client.kind() === network.kind() && client.match(network as never, prefix)
}

test('MT-16 what is allowed is what ipaddr.js finds in the lists, for any lists and any address', () => {
  const near = fc
    .tuple(written, range)
    .chain(([address, other]) => fc.constantFrom(address, other.split('/')[0] as string))
  const property = fc.property(
    fc.boolean(),
    fc.array(written, { maxLength: 4 }),
    fc.array(range, { maxLength: 4 }),
    fc.array(fc.oneof(written, range), { maxLength: 4 }),
    near,
    fc.nat(),
    (enabled, allowedIPs, allowedRanges, blockList, stranger, pick) => {
      const all = [...allowedIPs, ...allowedRanges, ...blockList]
      // Half of the time an address that some list names: a stranger would hardly ever meet one.
      const text = pick % 2 === 0 && all.length > 0 ? (all[pick % all.length] as string).split('/')[0] : stranger
      const client = ipaddr.process(text as string)
      const expected =
        !blockList.some(rule => isIn(client, rule)) &&
        (!enabled || [...allowedIPs, ...allowedRanges].some(rule => isIn(client, rule)))
      const lists = new AddressRules({ enabled, allowedIPs, allowedRanges, blockList })
      assert.equal(lists.allows(text as string), expected)
      assert.equal(lists.allows(text as string), expected, 'as remembered')
    },
  )
  fc.assert(property, { numRuns: 2_000 })
})
