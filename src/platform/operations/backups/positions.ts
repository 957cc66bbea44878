/** A place in the WAL as PostgreSQL writes it, `16/B374D848`, as a number and back. */
export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

export const formatLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`

/** The file of WAL that holds the place: timeline, then the number of the segment in two parts (xlog_internal.h). */
export function segmentName(timeline: number, lsn: bigint, size: bigint): string {
  const perId = 0x100000000n / size
  const number = lsn / size
  return [BigInt(timeline), number / perId, number % perId].map(hex8).join('')
}

export type Segment = { timeline: number; start: bigint }

/** Undefined for what is no name of a segment. */
export function parseSegment(name: string, size: bigint): Segment | undefined {
  const [, timeline, id, part] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name) ?? []
  if (timeline === undefined) return undefined
  return {
    timeline: Number.parseInt(timeline, 16),
    start: BigInt(`0x${id}`) * 0x100000000n + BigInt(`0x${part}`) * size,
  }
}

export const historyName = (timeline: number): string => `${hex8(BigInt(timeline))}.history`

const hex8 = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, '0')

/** One ancestor of a timeline: it was left at `end`. */
export type Ancestor = { timeline: number; end: bigint }

/** Reads a timeline's history file: its ancestors, the oldest first. */
export function parseHistory(text: string): Ancestor[] {
  return text
    .split('\n')
    .map(line => /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/.exec(line))
    .filter(match => match !== null)
    .map(([, timeline, end]) => ({ timeline: Number(timeline), end: parseLsn(end as string) }))
}
