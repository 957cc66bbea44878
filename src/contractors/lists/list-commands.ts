import { createWriteStream } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import { type Acting, actAs } from '#platform/access'
import type { App } from '#platform/app.ts'
import { type Scope, uuidPattern } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { errors } from '../errors.ts'
import { deleteExport, getExport, requestExport } from '../exports/exports.ts'
import { type Format, formats } from '../exports/file.ts'
import { openFile } from '../exports/files.ts'
import { runExport } from '../exports/making.ts'
import { type AdditionReport, addNamed } from './additions.ts'
import { listItems } from './item-pages.ts'
import type { ListedItem } from './items.ts'
import { getList, type List, listLists } from './lists.ts'

type Flags = Acting & { json?: boolean }

/** Ends with 6 when some of what was named could not be taken: the rest is in. */
const partlyTaken = 6

/**
 * `commonhold contractors lists …`: what a member sees and may, done in his name; the log says by which program. Ends with
 * 3 where he may not, with 4 where there is no such member, tenant or list.
 */
export function registerListCommands(parent: Command, { withApp }: CommandContext): void {
  const lists = parent.command('lists').description('Lists of contractors, as a member of a tenant sees them')
  const command = (name: string, description: string) =>
    lists
      .command(name)
      .description(description)
      .requiredOption('--tenant <slug>', 'the tenant, which the console calls a workspace: its slug, or its id')
      .requiredOption('--user <email>', 'the member in whose name: his e-mail address, or his id')
      .option('--json', 'print the result as JSON')

  command('list', 'List the lists that the member sees: his favourites, his others, then those open to him')
    .option('--archived', 'those in his archive instead')
    .action(async (flags: Flags & { archived?: boolean }) => {
      const found = await withApp(async app => {
        const scope = await as(app, flags, ['contractors.lists.read'])
        return await seenLists(app, scope, flags.archived ?? false)
      })
      print(flags, found, tableOf(found))
    })

  command('show', 'Show a list with its contractors and what is noted about them')
    .argument('<list>', 'its name, or its id')
    .action(async (named: string, flags: Flags) => {
      const shown = await withApp(async app => {
        const scope = await as(app, flags, ['contractors.lists.read'])
        const list = await findList(app, scope, named)
        return { ...list, items: await allItems(app, scope, list.id) }
      })
      print(flags, shown, describe(shown))
    })

  command('add', 'Put contractors into a list, those that it has not; what is in it stays as it is')
    .argument('<list>', 'its name, or its id')
    .argument('[identifiers...]', 'UEIs and CAGE codes')
    .option('--file <file>', 'a file with UEIs and CAGE codes in any form; - is the standard input')
    .option('--dry-run', 'tell what would be added and add nothing')
    .action(async (named: string, identifiers: string[], flags: Flags & { file?: string; dryRun?: boolean }) => {
      const said = [...identifiers, ...(flags.file === undefined ? [] : [await read(flags.file)])].join('\n')
      if (!said.trim()) throw errors.identifiersMissing()
      const isTrial = flags.dryRun ?? false
      const report = await withApp(async app => {
        const scope = await as(app, flags, ['contractors.lists.write', 'contractors.profiles.read'])
        const { id } = await findList(app, scope, named)
        return await addNamed(app, scope, id, { selection: { text: said }, fields: {}, isTrial })
      })
      print(flags, report, tell(report, isTrial))
      if (report.unknown.length + report.ambiguous.length + report.invalid.length > 0) process.exitCode = partlyTaken
    })

  command('export', 'Write a list to a file, with what is noted about its contractors')
    .argument('<list>', 'its name, or its id')
    .addOption(new Option('--format <format>', 'how the file is written').choices([...formats]).default('csv'))
    .requiredOption('-o, --output <file>', 'where it goes; - is the standard output')
    .action(async (named: string, flags: Flags & { format: Format; output: string }) => {
      const { format, output } = flags
      const made = await withApp(async app => {
        const needed = ['contractors.exports.run', 'contractors.lists.read', 'contractors.profiles.read']
        const scope = await as(app, flags, needed)
        const { id: listId, name } = await findList(app, scope, named)
        return { file: output, format, list: name, ...(await exportList(app, scope, { listId, format, output })) }
      })
      const to = output === '-' ? process.stderr : process.stdout
      to.write(flags.json ? `${JSON.stringify(made)}\n` : `${output}: ${made.rows} contractors of “${made.list}”\n`)
    })
}

const as = (app: App, who: Acting, permissions: readonly string[]) =>
  actAs(app, who, { permissions, program: 'commonhold contractors lists' })

async function seenLists(app: App, scope: Scope, archived: boolean): Promise<List[]> {
  const tx = app.db.scoped(scope)
  return await everyPage(cursor => listLists(tx, { limit: 100, cursor, archived }))
}

async function allItems(app: App, scope: Scope, listId: string): Promise<ListedItem[]> {
  const tx = app.db.scoped(scope)
  return await everyPage(cursor => listItems(tx, listId, { limit: 100, cursor, sort: 'manual' }))
}

async function everyPage<Item>(
  ask: (cursor: string | undefined) => Promise<{ items: Item[]; nextCursor: string | null }>,
): Promise<Item[]> {
  const all: Item[] = []
  let cursor: string | undefined
  do {
    const page = await ask(cursor)
    all.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return all
}

/** By its id, or by its name in whatever capitals where one list alone has it. */
async function findList(app: App, scope: Scope, named: string): Promise<List> {
  if (uuidPattern.test(named)) return await getList(app.db.scoped(scope), named)
  const [list, ...others] = (await seenLists(app, scope, false)).filter(
    ({ name }) => name.toLowerCase() === named.toLowerCase(),
  )
  if (!list) throw errors.listNotFound({ id: named })
  if (others.length > 0)
    throw errors.listNameAmbiguous({ name: named, ids: [list, ...others].map(({ id }) => id).join(', ') })
  return list
}

/** Made, counted and logged as one that is asked for in the console, and fetched at once; nothing of it is kept. */
async function exportList(
  app: App,
  scope: Scope,
  { listId, format, output }: { listId: string; format: Format; output: string },
): Promise<{ rows: number; bytes: number }> {
  const { id, status } = await requestExport(app, scope, { format, selection: { listId } })
  if (status !== 'done') await runExport(app, scope, id)
  // What he may was asked just before.
  const { body } = await openFile(app, scope, id, { mayRead: () => {} })
  const part = `${output}.part`
  try {
    if (output === '-') await pipeline(body, process.stdout, { end: false })
    else {
      await pipeline(body, createWriteStream(part))
      await rename(part, output)
    }
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  const { rowsDone, byteCount } = await getExport(app.db.scoped(scope), id)
  await deleteExport(app.db.scoped(scope), id)
  return { rows: rowsDone, bytes: byteCount }
}

async function read(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw errors.identifiersUnread({ file, fault: (error as Error).message })
  }
}

function print(flags: Flags, result: unknown, words: string): void {
  process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : words)
}

function tableOf(lists: readonly List[]): string {
  if (lists.length === 0) return 'There are none.\n'
  return lists
    .map(({ id, name, itemCount, totalValue, access, isDefault, archivedAt }) => {
      const marks = [isDefault && 'default', access !== 'own' && access, archivedAt && 'archived'].filter(Boolean)
      return `${id}  ${String(itemCount).padStart(6)}  $${totalValue}  ${name}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}\n`
    })
    .join('')
}

function describe({
  name,
  description,
  itemCount,
  totalValue,
  items,
}: List & { items: readonly ListedItem[] }): string {
  const lines = items.map(({ contractor, notes, tags, rating, priority }) => {
    const noted = [rating !== null && `${rating} of 5`, priority, tags.join(', '), notes?.replaceAll(/\s+/g, ' ')]
    const text = noted.filter(Boolean).join(' · ')
    return `  ${(contractor.uei ?? 'no UEI').padEnd(12)}  ${contractor.name}${text && `\n                ${text}`}\n`
  })
  return `${name}: ${itemCount} contractors, $${totalValue}\n${description ? `${description}\n` : ''}${lines.join('')}`
}

function tell(report: AdditionReport, isTrial: boolean): string {
  const lines = [
    `${report.added} ${isTrial ? 'would be added' : 'added'}, ${report.alreadyIn.length} in it already`,
    ...(report.unknown.length > 0 ? [`  no contractor has   ${report.unknown.join(', ')}`] : []),
    ...(report.ambiguous.length > 0 ? [`  several have        ${report.ambiguous.join(', ')}`] : []),
    ...(report.invalid.length > 0 ? [`  are no identifiers  ${report.invalid.join(', ')}`] : []),
  ]
  return `${lines.join('\n')}\n`
}
