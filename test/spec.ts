// npm run spec [-- --json]: which requirements of the documents are proved by which tests, and which columns have a place.
import {
  documentTables,
  placeColumns,
  readDocumentSchemas,
  readRequirements,
  readSpecMap,
  readTests,
} from './support/spec.ts'

const schemas = readDocumentSchemas()
const map = readSpecMap()
const requirements = readRequirements()
const tests = readTests()
const columns = placeColumns(schemas, map)
const missingColumns = columns.filter(({ awaits }) => awaits !== undefined)

const proofs = new Map(requirements.map(({ id }) => [id, tests.filter(test => test.ids.includes(id))]))
const missing = requirements.map(({ id }) => id).filter(id => proofs.get(id)?.length === 0)

if (process.argv.includes('--json')) {
  const report = {
    requirements: Object.fromEntries([...proofs].map(([id, found]) => [id, found.map(({ name }) => name)])),
    missing,
    columns: { mapped: columns.length - missingColumns.length, missing: missingColumns.map(({ id }) => id) },
  }
  console.log(JSON.stringify(report, null, 2))
} else {
  printRequirements()
  printMissingColumns()
  printTotals()
}

function printRequirements(): void {
  let section = ''
  for (const requirement of requirements) {
    if (requirement.section !== section) {
      section = requirement.section
      console.log(`\n${section}`)
    }
    const found = proofs.get(requirement.id) ?? []
    console.log(`  ${requirement.id}  ${found.length > 0 ? 'proved ' : 'not yet'}  ${shortened(requirement.text, 90)}`)
    for (const { name, file } of found) console.log(`${' '.repeat(18)}${shortened(name, 90)}  (${file})`)
  }
}

function printMissingColumns(): void {
  const tables = documentTables(schemas).filter(({ id }) => {
    const entry = map[id]
    return entry === undefined || 'awaits' in entry || missingColumns.some(column => column.id.startsWith(`${id}.`))
  })
  console.log('\nColumns without a place yet')
  for (const { id } of tables) {
    const found = missingColumns.filter(column => column.id.startsWith(`${id}.`))
    const names = found.map(column => column.id.slice(id.length + 1)).join(', ')
    const awaited = [...new Set(found.map(({ awaits }) => awaits))].join('; ')
    console.log(`  ${id}${found.length === 0 ? ' (the whole table; the document names no columns)' : `: ${names}`}`)
    if (awaited) console.log(`      awaits ${awaited}`)
  }
}

function printTotals(): void {
  const proved = requirements.length - missing.length
  console.log(`\n${proved} of ${requirements.length} requirements are named by a test, ${tests.length} tests in all.`)
  console.log(`${columns.length - missingColumns.length} of ${columns.length} columns have their place.`)
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
