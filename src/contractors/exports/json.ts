import type { Writer } from './file.ts'

/**
 * One JSON array with a record on each line, so that it can be read whole or line by line. Values are those of the API:
 * money as exact decimals in text, instants in UTC, what is not known null.
 */
export const writeJson: Writer = async function* ({ columns }, batches) {
  yield Buffer.from('[')
  let between = '\n'
  for await (const rows of batches) {
    let text = ''
    for (const row of rows) {
      text += between + JSON.stringify(Object.fromEntries(columns.map(({ key }) => [key, row[key] ?? null])))
      between = ',\n'
    }
    if (text !== '') yield Buffer.from(text)
  }
  yield Buffer.from('\n]\n')
}
