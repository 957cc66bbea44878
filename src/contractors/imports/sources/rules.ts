import {
  type Cleaned,
  type CleanRule,
  cleanCertifications,
  cleanCodes,
  cleanCompactDate,
  cleanCountry,
  cleanDistrict,
  cleanMonthDay,
  cleanNaics,
  cleanProvince,
  cleanState,
  cleanUsDate,
  cleanZip,
  cleanZipPlus4,
} from './cleaning.ts'
import type { RuleText } from './source.ts'

export type CodeTable = Readonly<Record<string, string>>

type Arguments = {
  table: CodeTable
  otherwise: string | undefined
  separator: string
  longest: number
  value: string
  values: readonly string[]
}

type Rule = {
  /** What it does, for `commonhold contractors sources rules` and the documentation. */
  description: string
  /** How many columns it takes: exactly, or at least. */
  columns: number | 'some'
  needs?: readonly (keyof Arguments)[]
  may?: readonly (keyof Arguments)[]
  make(given: Arguments): (...values: string[]) => Cleaned
}

/** Every cleaning rule that a source's file may name. */
export const rules: Readonly<Record<string, Rule>> = {
  text: { description: 'The text as it stands', columns: 1, make: () => value => value || undefined },
  first: {
    description: 'The first of the columns that is not empty',
    columns: 'some',
    make:
      () =>
      (...values) =>
        values.find(value => value !== ''),
  },
  constant: {
    description: 'The same for every record',
    columns: 0,
    needs: ['value'],
    make:
      ({ value }) =>
      () =>
        value,
  },
  unless: {
    description: 'The text, unless it is one of the values (capitals do not matter), which say that there is none',
    columns: 1,
    needs: ['values'],
    make({ values }) {
      const none = new Set(values.map(value => value.toLowerCase()))
      return value => (value === '' || none.has(value.toLowerCase()) ? undefined : value)
    },
  },
  equals: {
    description: 'Yes where the column has this value, else nothing',
    columns: 1,
    needs: ['value'],
    make:
      ({ value: wanted }) =>
      value =>
        value === wanted || undefined,
  },
  firstPart: {
    description: 'The first of the parts between separators that is not too long',
    columns: 1,
    needs: ['separator', 'longest'],
    make:
      ({ separator, longest }) =>
      value =>
        value === '' ? undefined : value.split(separator).find(part => part !== '' && part.length <= longest),
  },
  codes: {
    description: 'Codes between separators, without repetitions, sorted',
    columns: 1,
    needs: ['separator'],
    make:
      ({ separator }) =>
      value =>
        cleanCodes(value, separator),
  },
  lookup: {
    description: 'What the table says for the code; `otherwise` for every other',
    columns: 1,
    needs: ['table'],
    may: ['otherwise'],
    make({ table, otherwise }) {
      const meanings = new Map(Object.entries(table))
      return value => meanings.get(value) ?? otherwise
    },
  },
  lookups: {
    description: 'What the table says for each of the codes between separators, without repetitions, sorted',
    columns: 1,
    needs: ['separator', 'table'],
    make({ separator, table }) {
      const meanings = new Map(Object.entries(table))
      return value => {
        if (value === '') return undefined
        const found = new Set<string>()
        for (const code of value.split(separator)) {
          const meaning = meanings.get(code)
          if (meaning !== undefined) found.add(meaning)
        }
        return found.size > 0 ? [...found].sort() : undefined
      }
    },
  },
  state: { description: 'US state or territory, of state and country', columns: 2, make: () => cleanState },
  province: {
    description: 'What stands for a state abroad, of state and country',
    columns: 2,
    make: () => cleanProvince,
  },
  zip: { description: 'ZIP or postal code, of code and country', columns: 2, make: () => cleanZip },
  zipPlus4: { description: 'ZIP code, of 5 digits, 4 digits and country', columns: 3, make: () => cleanZipPlus4 },
  country: { description: 'ISO 3166 alpha-3; "0" is the United States', columns: 1, make: () => cleanCountry },
  district: { description: 'Congressional district as two digits', columns: 1, make: () => cleanDistrict },
  naics: { description: 'NAICS code of 2 to 6 digits', columns: 1, make: () => cleanNaics },
  compactDate: { description: 'A date written 20260906', columns: 1, make: () => cleanCompactDate },
  usDate: { description: 'A date written 9/6/2026', columns: 1, make: () => cleanUsDate },
  monthDay: { description: 'A day of the year written 1231', columns: 1, make: () => cleanMonthDay },
  certifications: {
    description: 'SBA certifications with the day on which each ends, as SAM has them',
    columns: 1,
    make: () => cleanCertifications,
  },
}

const given = ['table', 'otherwise', 'separator', 'longest', 'value', 'values'] as const

/** The rule as a function, or what is wrong with it as one sentence. */
export function makeRule(written: RuleText, tables: ReadonlyMap<string, CodeTable>): CleanRule | string {
  if (typeof written === 'string') return { columns: [written], clean: rules.text!.make(noArguments) }
  const rule = Object.hasOwn(rules, written.rule) ? rules[written.rule] : undefined
  if (!rule) return `there is no rule ${written.rule}. Rules are ${Object.keys(rules).join(', ')}.`
  const columns = written.from === undefined ? [] : typeof written.from === 'string' ? [written.from] : written.from
  if (rule.columns === 'some' ? columns.length === 0 : columns.length !== rule.columns)
    return `the rule ${written.rule} takes ${rule.columns === 'some' ? 'one column or more' : count(rule.columns)} in "from", not ${columns.length}.`
  for (const name of given) {
    const isGiven = written[name] !== undefined
    if (rule.needs?.includes(name) && !isGiven) return `the rule ${written.rule} needs "${name}".`
    if (isGiven && !rule.needs?.includes(name) && !rule.may?.includes(name))
      return `the rule ${written.rule} takes no "${name}".`
  }
  const table = typeof written.table === 'string' ? tables.get(written.table) : written.table
  if (written.table !== undefined && !table)
    return `there is no table ${String(written.table)}. Add it to "tables", or name one of ${[...tables.keys()].join(', ')}.`
  const { otherwise, separator = '', longest = 0, value = '', values = [] } = written
  return { columns, clean: rule.make({ table: table ?? {}, otherwise, separator, longest, value, values }) }
}

const count = (columns: number) => (columns === 0 ? 'no column' : columns === 1 ? 'one column' : `${columns} columns`)

const noArguments: Arguments = { table: {}, otherwise: undefined, separator: '', longest: 0, value: '', values: [] }
