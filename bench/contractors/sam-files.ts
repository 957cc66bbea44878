import { createWriteStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

type Entity = Record<'legal_business_name' | 'street' | 'city' | 'state' | 'zip' | 'congressional_district', string>

const alphabet = '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const businessTypes = [
  '2X',
  '2X~LJ',
  '2X~MF',
  'A8~2U',
  '23~27~2X~OY',
  '2X~A2~8W~LJ',
  '2X~A5~QF',
  '2X~XS',
  '2X~LJ~VW~A6',
]
const industries = ['541611', '541512', '236220', '541330', '561210', '541715', '334511', '423430', '611430', '238210']

/** A UEI for each number, in no order that an index would like. */
function ueiOf(number: number): string {
  let rest = (BigInt(number) * 2_654_435_761_003n) % 34n ** 11n
  let text = ''
  for (let place = 0; place < 11; place++) {
    text += alphabet[Number(rest % 34n)]
    rest /= 34n
  }
  return `Z${text}`
}

const entities = (): Entity[] =>
  parse(gunzipSync(readFileSync(fileURLToPath(new URL('../../data/contractors/entities.csv.gz', import.meta.url)))), {
    columns: true,
  })

export type SamFile = {
  /** YYYYMMDD */
  day: string
  isFull: boolean
  /** Numbers of the registrations that are in it. */
  numbers: Iterable<number>
  count: number
  /** Extract code, or complete records of this code. */
  codeOf(number: number): string
  /** What changes from file to file. */
  nameEnd?: string
}

/**
 * Writes a public extract V2 of registrations whose names are the head of one real name and the tail of another, with
 * addresses, industries and types as long as real ones, points of contact that an import has to leave out included.
 */
export async function writeSamFile(path: string, file: SamFile): Promise<void> {
  const known = entities().filter(entity => entity.legal_business_name && entity.state)
  const words = known.map(entity => entity.legal_business_name.replaceAll('|', ' ').split(' '))
  const head = `PUBLIC V2 ${file.isFull ? '00000000' : file.day} ${file.day} ${String(file.count).padStart(7, '0')} 0008331`
  const poc = 'PAT|Q|MERICA|PRESIDENT|100 MAIN STREET|SUITE 200|SPRINGFIELD|22150|1234|USA|VA'
  const none = '||||||||||'

  function* lines(): Generator<string> {
    yield `BOF ${head}\n`
    let text = ''
    for (const number of file.numbers) {
      text += `${record(number)}\n`
      if (text.length > 500_000) {
        yield text
        text = ''
      }
    }
    yield `${text}EOF ${head}\n`
  }

  function record(number: number): string {
    const uei = ueiOf(number)
    const cage = `${number % 10}${alphabet[10 + (number % 24)]}${String(Math.floor(number / 240) % 1000).padStart(3, '0')}`
    const code = file.codeOf(number)
    if (code === '1' || code === '4') return `${uei}|||${cage}||${code}|Z2${'|'.repeat(135)}!end`
    const one = known[number % known.length]!
    const start = words[(number * 7919) % words.length]!
    const end = words[(number * 104_729 + 13) % words.length]!
    const name = [...start.slice(0, Math.max(1, start.length - 2)), ...end.slice(-2), file.nameEnd ?? '']
      .join(' ')
      .trim()
      .slice(0, 120)
    const codes = Array.from({ length: 3 + (number % 9) }, (_, index) => `${industries[(number + index) % 10]}Y`)
    const types = businessTypes[number % businessTypes.length]!
    const zip = one.zip.replace(/\D/g, '').padEnd(9, '0')
    const street = `${100 + (number % 9800)} ${one.street.replaceAll('|', ' ')}`.slice(0, 150)
    const fields = [
      uei,
      '',
      '',
      cage,
      '',
      code,
      'Z2',
      '20100105',
      '20270417',
      '20260427',
      '20260427',
      name,
      number % 5 === 0 ? `${start[0]} GROUP` : '',
      '',
      '',
      street,
      '',
      one.city,
      one.state,
      zip.slice(0, 5),
      zip.slice(5),
      'USA',
      one.congressional_district.slice(-2).padStart(2, '0'),
      '',
      `19${10 + (number % 90)}0203`,
      '1231',
      `https://www.${start[0]!.toLowerCase()}${number}.example`,
      '2L',
      one.state,
      'USA',
      '0002',
      types,
      industries[number % 10],
      String(codes.length).padStart(4, '0'),
      codes.join('~'),
      '0000',
      '',
      'Y',
      '',
      street,
      '',
      one.city,
      zip.slice(0, 5),
      zip.slice(5),
      'USA',
      one.state,
    ]
    const tail = [
      '0000',
      '',
      'N',
      '',
      types.endsWith('A6') ? '0001' : '0000',
      types.endsWith('A6') ? 'A620280101' : '',
      '',
      '0000',
      '',
      'E&Y',
    ]
    return `${fields.join('|')}|${poc}|${none}|${none}|${none}|${poc}|${none}|${tail.join('|')}|${'|'.repeat(19)}!end`
  }

  await pipeline(Readable.from(lines()), createWriteStream(path))
}
