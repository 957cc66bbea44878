import { isUtf8 } from 'node:buffer'
import { type Static, Type } from 'typebox'
import { findRolesByName, requireGrantable } from '#platform/access'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Queryable, Scope } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { type BadRow, csvReader, type FileRow } from '#platform/files'
import { nullable, oneOf } from '#platform/http'
import { normaliseEmail } from '#platform/identity'
import { invitationErrors as errors } from './invitation-errors.ts'
import { findInvited, findMembers, inviteAll, type NewInvitation } from './invitations.ts'

/** The most rows of one file. */
export const importAtMost = 500

/** What becomes of a file of invitations, row by row. */
export const InvitationImport = Type.Object({
  isDryRun: Type.Boolean(),
  invited: Type.Integer({ description: 'How many are invited, or would be' }),
  rows: Type.Array(
    Type.Object({
      line: Type.Integer({ description: 'Of the file, from 1' }),
      email: Type.String(),
      roles: Type.Array(Type.String()),
      outcome: oneOf(['invited', 'member', 'waiting', 'invalid']),
      reason: nullable(Type.String()),
    }),
  ),
})
export type InvitationImport = Static<typeof InvitationImport>
type Outcome = InvitationImport['rows'][number]

/**
 * Invites everybody in a CSV file with the columns `email` and `roles` (names, separated by `;`; those of `roleIds` where
 * it is empty). All or nobody: one row that cannot be taken refuses the file with `members.import_invalid`. Who is a member
 * or asked already is passed over, and said. A dry run does nothing and reports all rows.
 */
export async function importInvitations(
  app: App,
  scope: Scope,
  file: Buffer,
  { roleIds, isDryRun }: { roleIds: readonly string[]; isDryRun: boolean },
): Promise<InvitationImport> {
  const { rows, bad } = readRows(file)
  return await app.db.transaction(scope, async tx => {
    await requireGrantable(tx, roleIds)
    const { outcomes, wanted } = await judge(tx, rows, roleIds)
    const all = [...outcomes, ...bad.map(asOutcome)].toSorted((a, b) => a.line - b.line)
    const invalid = all.filter(({ outcome }) => outcome === 'invalid')
    if (!isDryRun) {
      const [first] = invalid
      if (first) throw errors.importInvalid({ line: first.line, reason: first.reason, errors: invalid.map(faultOf) })
      await inviteAll(tx, wanted)
      await recordEvent(tx, {
        action: 'import',
        resource: 'members.invitations',
        details: { invited: wanted.length, rows: all.length },
      })
    }
    return { isDryRun, invited: wanted.length, rows: all }
  })
}

const faultOf = ({ line, reason }: Outcome) => ({ in: 'body', pointer: `/${line}`, message: reason ?? '' })
const asOutcome = ({ line, reason, raw }: BadRow): Outcome => ({
  line,
  email: raw.slice(0, 100),
  roles: [],
  outcome: 'invalid',
  reason,
})

function readRows(file: Buffer): { rows: { line: number; email: string; roles: string }[]; bad: BadRow[] } {
  const found: FileRow[] = []
  const bad: BadRow[] = []
  const reader = csvReader({ onRow: row => found.push(row), onBad: row => bad.push(row) })
  reader.push(file.toString('utf8'), !isUtf8(file))
  reader.end()
  const [header, ...rows] = found
  const columns = header?.values.map(name => name.trim().toLowerCase()) ?? []
  const at = { email: columns.indexOf('email'), roles: columns.indexOf('roles') }
  if (at.email < 0) throw errors.importInvalid({ line: 1, reason: 'the header names no column email.' })
  if (rows.length + bad.length === 0) throw errors.importEmpty()
  if (rows.length > importAtMost) {
    const reason = `a file has at most ${importAtMost} rows.`
    throw errors.importInvalid({ line: rows[importAtMost]?.line ?? 0, reason })
  }
  return {
    rows: rows.map(({ line, values }) => ({
      line,
      email: values[at.email]?.trim() ?? '',
      roles: values[at.roles]?.trim() ?? '',
    })),
    bad,
  }
}

async function judge(
  tx: Queryable,
  rows: readonly { line: number; email: string; roles: string }[],
  roleIds: readonly string[],
): Promise<{ outcomes: Outcome[]; wanted: NewInvitation[] }> {
  const outcomes: Outcome[] = []
  const wanted: NewInvitation[] = []
  const emails = rows.map(({ email }) => canonical(email))
  const known = emails.filter(email => typeof email === 'string')
  const members = new Set((await findMembers(tx, known)).filter(({ hasEnded }) => !hasEnded).map(({ email }) => email))
  const waiting = await findInvited(tx, known)
  const seen = new Set<string>()
  const grants = new Map<string, Promise<readonly string[] | DomainError>>()
  for (const [index, row] of rows.entries()) {
    const email = emails[index]
    const roles = row.roles
      .split(';')
      .map(name => name.trim())
      .filter(Boolean)
    const say = (outcome: Outcome['outcome'], reason: string | null = null) =>
      outcomes.push({ line: row.line, email: typeof email === 'string' ? email : row.email, roles, outcome, reason })
    if (typeof email !== 'string') {
      say('invalid', email?.message ?? '')
      continue
    }
    if (seen.has(email)) {
      say('invalid', 'The address stands in an earlier row too.')
      continue
    }
    seen.add(email)
    const granted = roles.length === 0 ? roleIds : await remembered(grants, row.roles, () => findGrantable(tx, roles))
    if (granted instanceof DomainError) say('invalid', granted.message)
    else if (granted.length === 0) say('invalid', 'No role is named, and none was chosen for the file.')
    else if (members.has(email)) say('member')
    else if (waiting.has(email)) say('waiting')
    else {
      say('invited')
      wanted.push({ email, roleIds: granted })
    }
  }
  return { outcomes, wanted }
}

function canonical(email: string): string | DomainError {
  try {
    return normaliseEmail(email)
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}

async function findGrantable(tx: Queryable, names: readonly string[]): Promise<readonly string[] | DomainError> {
  try {
    const roleIds = (await findRolesByName(tx, names)).map(({ id }) => id)
    await requireGrantable(tx, roleIds)
    return roleIds
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
}

function remembered<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? find()
  known.set(key, found)
  return found
}
