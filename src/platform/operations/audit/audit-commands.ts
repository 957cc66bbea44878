import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { ClientConfig } from 'pg'
import type { App } from '#platform/app.ts'
import {
  type AcceptedFork,
  acceptFork,
  adviceFor,
  auditErrors,
  auditState,
  type CheckedProof,
  type ContinuedCopy,
  checkProof,
  checkpointFolderOf,
  continueCopy,
  noTenant,
  type Proof,
  proveConsistency,
  proveEntry,
  type Verification,
  verifyAuditLog,
} from '#platform/audit'
import { uuidPattern } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { documentKeys, listKeyChanges, openDocumentSigner } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'
import { findTenantBySlug, placementErrors } from '#platform/tenancy'
import { archiveFilesOf } from './archive-files.ts'
import { registerErasureCommands } from './erasure-commands.ts'
import { registerKeyCommands } from './key-commands.ts'
import { registerLogCommands } from './log-commands.ts'
import { registerLoginCommand } from './login-commands.ts'
import { registerSecurityCommand } from './security-commands.ts'
import { verifyEverywhere } from './verification-jobs.ts'

type Verifying = {
  sinceCheckpoint?: string | true
  tenant?: string
  everywhere?: boolean
  acceptFork?: string[]
  thumbprint?: string
  archives?: boolean
  json?: boolean
}
type Proving = { tenant: string; output?: string; withoutPerson?: boolean }

/** `commonhold audit …`: what tells whether the log is as it was written, and proves it to others. */
export function registerAuditCommands(parent: Command, context: CommandContext): void {
  parent.description('The audit log: verified, proved, exported, people erased from it')
  const { withApp } = context
  registerLogCommands(parent, context, findTenant)
  registerSecurityCommand(parent, context, findTenant)
  registerLoginCommand(parent, context)
  registerErasureCommands(parent, context, progressOn)
  registerKeyCommands(parent, context)

  parent
    .command('verify')
    .description(
      'Compute the whole log again and name what was altered, removed or smuggled in; exit code 3 if anything was',
    )
    .option(
      '--since-checkpoint [number]',
      'only what was sealed after it; without a number after the newest one that was found sound',
    )
    .option('--tenant <slug>', 'only the entries of this tenant')
    .option('--everywhere', 'also the databases that tenants have of their own; the result is a list, one of each')
    .option('--accept-fork <number...>', 'checkpoints that say of a restore which you know of')
    .option('--thumbprint <text>', 'the key that must sign now; those of before must have handed over to it')
    .option('--archives', 'read archived months too, and what was restored of them beside')
    .option('--json', 'print the result as JSON, each finding with what to do')
    .addHelpText(
      'after',
      '\nEnds with 0 where the log is sound and with 3 where anything was found, of any database with --everywhere.',
    )
    .action(async (options: Verifying) => {
      const { sinceCheckpoint, tenant, everywhere, acceptFork = [], thumbprint, archives, json } = options
      if (everywhere) return await verifyAll(context, options)
      const verification = await withApp(async app =>
        verifyAuditLog(app, {
          ...(sinceCheckpoint !== undefined && {
            since: sinceCheckpoint === true ? 'newest' : numberOf(sinceCheckpoint),
          }),
          ...(tenant !== undefined && { tenantId: await findTenant(app, tenant) }),
          acceptedForks: acceptFork.map(numberOf),
          thumbprint,
          ownKeys: await documentKeys(app),
          keyChanges: await listKeyChanges(app),
          ...(archives && { archives: archiveFilesOf(app) }),
          onProgress: progressOn(process.stderr),
        }),
      )
      process.stdout.write(json ? `${JSON.stringify(advised(verification), null, 2)}\n` : reportOf(verification))
      if (!verification.isSound) process.exitCode = 3
    })

  parent
    .command('accept-fork <number>')
    .description(
      'Say of a fork that it is a restore which you know of: verification tells it from then on without an alarm',
    )
    .requiredOption('--reason <text>', 'which restore it was, and who did it')
    .option(
      '--database <name>',
      'in a database that tenants have of their own, by the name that `verify --everywhere` gives it',
    )
    .option('--json', 'print what was signed as JSON')
    .action(async (text: string, { reason, database, json }: { reason: string; database?: string; json?: boolean }) => {
      const number = numberOf(text)
      const fork = await withApp(async app => {
        const admin = await administratorOf(app, database)
        const by = `${userInfo().username} at the command line`
        const signer = await openDocumentSigner(app)
        return await acceptFork({
          admin,
          folder: checkpointFolderOf(app),
          number,
          by,
          reason,
          signer,
          now: app.clock.now(),
        })
      })
      process.stdout.write(json ? `${JSON.stringify(fork, null, 2)}\n` : `${sentenceOf(fork)}\n`)
    })

  parent
    .command('continue-copy')
    .description(
      'Say that this database is a dump of another one: its log, of which nothing is sealed in a server that is behind, goes on from there',
    )
    .requiredOption('--reason <text>', 'which dump it is, and why its log goes on here')
    .option(
      '--database <name>',
      'a database that tenants have of their own, by the name that `verify --everywhere` gives it',
    )
    .option('--json', 'print what was signed as JSON')
    .action(async ({ reason, database, json }: { reason: string; database?: string; json?: boolean }) => {
      const copy = await withApp(async app =>
        continueCopy({
          admin: await administratorOf(app, database),
          by: `${userInfo().username} at the command line`,
          reason,
          signer: await openDocumentSigner(app),
          now: app.clock.now(),
        }),
      )
      process.stdout.write(json ? `${JSON.stringify(copy, null, 2)}\n` : `${copyInWords(copy)}\n`)
    })

  parent
    .command('prove <id>')
    .description(
      'Write a proof that an entry is in the log as it was written, which anybody can check without the database',
    )
    .requiredOption('--tenant <slug>', 'whose entry it is; `platform` for entries of no tenant')
    .option('--output <file>', 'where to write it; stdout unless set')
    .option('--without-person', 'leave out name, address and browser of who did it')
    .action(async (id: string, { tenant, output, withoutPerson = false }: Proving) => {
      if (!uuidPattern.test(id)) throw auditErrors.entryNotFound({ id })
      const proof = await withApp(async app => {
        const tenantId = await findTenant(app, tenant)
        const archives = archiveFilesOf(app)
        return await inEither(app, tenantId, tx => proveEntry(tx, id, { withoutPerson, archives }))
      })
      writeProof(proof, output)
    })

  parent
    .command('prove-consistency <from> <to>')
    .description(
      'Write a proof that the log of a tenant at one checkpoint is the beginning of the one at a later checkpoint',
    )
    .requiredOption('--tenant <slug>', 'whose entries; `platform` for those of no tenant')
    .option('--output <file>', 'where to write it; stdout unless set')
    .action(async (from: string, to: string, { tenant, output }: Proving) => {
      const proof = await withApp(async app => {
        const tenantId = await findTenant(app, tenant)
        return await inEither(app, tenantId, tx => proveConsistency(tx, numberOf(from), numberOf(to)))
      })
      writeProof(proof, output)
    })

  parent
    .command('check-proof <file>')
    .description('Check a proof by itself; needs no database and no network')
    .option('--thumbprint <text>', 'the key that the checkpoint must be signed with')
    .option('--json', 'print what it proves as JSON')
    .action((file: string, { thumbprint, json }: { thumbprint?: string; json?: boolean }) => {
      const checked = checkProof(readProofFile(file))
      if (thumbprint !== undefined && checked.thumbprint !== thumbprint) {
        throw auditErrors.proofWrong({ reason: `it is signed by the key ${checked.thumbprint}` })
      }
      process.stdout.write(json ? `${JSON.stringify(checked, null, 2)}\n` : sentencesOf(checked))
    })

  parent
    .command('state')
    .description('Show how far the log is sealed')
    .option('--json', 'print it as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const state = await withApp(app => auditState(app.db.scoped({ tenantId: noTenant })))
      const { lagSeconds, checkpoint, verification } = state
      const lines = [
        lagSeconds === 0
          ? 'Every entry is sealed.'
          : `The oldest entry that is not sealed is ${lagSeconds.toFixed(1)} s old.`,
        checkpoint
          ? `Checkpoint ${checkpoint.number} of ${checkpoint.at}: ${checkpoint.size} entries of ${logsInWords(checkpoint.tenants, checkpoint.hasOwn)}.`
          : 'There is no checkpoint yet.',
        verification
          ? `Verified ${verification.endedAt.toISOString()}: ${verification.isSound ? 'sound' : 'NOT sound'}.`
          : 'It was never verified: commonhold audit verify.',
      ]
      process.stdout.write(json ? `${JSON.stringify(state, null, 2)}\n` : `${lines.join('\n')}\n`)
    })
}

/** Of the database that tenants have of their own under this name; of the main one without a name. */
async function administratorOf(app: App, database: string | undefined): Promise<ClientConfig> {
  if (!app.administration) throw auditErrors.noAdministrator()
  if (database === undefined) return app.administration.admin
  const found = (await app.placements?.list())?.find(({ name }) => name === database)
  if (!app.placements || !found) throw placementErrors.databaseUnknown({ id: database })
  return await app.placements.adminOf(found.id)
}

/** One after the other: each reads all that its server can give. */
async function verifyAll(context: CommandContext, options: Verifying): Promise<void> {
  const { sinceCheckpoint, tenant, acceptFork = [], thumbprint, archives, json } = options
  if (tenant !== undefined || typeof sinceCheckpoint === 'string') throw auditErrors.everywhereMisused()
  const all = await context.withApp(app =>
    verifyEverywhere(app, sinceCheckpoint ? 'since_checkpoint' : 'full', {
      acceptedForks: acceptFork.map(numberOf),
      thumbprint,
      ...(archives && { archives: archiveFilesOf(app) }),
      onProgress: progressOn(process.stderr),
    }),
  )
  const report = all.map(each => `${each.database ?? 'The main database'}:\n${reportOf(each)}`).join('\n')
  process.stdout.write(json ? `${JSON.stringify(all.map(advised), null, 2)}\n` : report)
  if (all.some(({ isSound }) => !isSound)) process.exitCode = 3
}

/** A tenant that has a database of its own has its newer entries there, and the platform's about it here. */
async function inEither<T extends Proof>(
  app: App,
  tenantId: string,
  work: (tx: ReturnType<App['db']['scoped']>) => Promise<T>,
): Promise<T> {
  const scope = { tenantId }
  const isElsewhere = (await app.placed?.placeOf(scope)) !== undefined
  if (!isElsewhere || !app.placed) return await work(app.db.scoped(scope))
  try {
    return await work(app.placed.scoped(scope))
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== 'not_found') throw error
    return await work(app.db.scoped(scope))
  }
}

async function findTenant(app: App, slug: string): Promise<string> {
  if (slug === 'platform') return noTenant
  if (uuidPattern.test(slug)) return slug
  const tenant = await findTenantBySlug(app.db.scoped({ system: true }), slug)
  if (!tenant) throw auditErrors.tenantUnknown({ slug })
  return tenant.id
}

function numberOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw auditErrors.numberMalformed({ text })
  return Number(text)
}

function writeProof(proof: Proof, output: string | undefined): void {
  const text = `${JSON.stringify(proof, null, 2)}\n`
  if (output === undefined) {
    process.stdout.write(text)
    return
  }
  try {
    writeFileSync(output, text)
  } catch (error) {
    throw auditErrors.proofNotWritten({ file: output, reason: reasonOf(error) }, error)
  }
  process.stderr.write(`The proof is in ${output}: commonhold audit check-proof ${output}\n`)
}

/** In words where it is what happens to people. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'this user may not',
    EISDIR: 'it is a folder',
  }
  return reasons[code ?? ''] ?? message
}

function readProofFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw auditErrors.proofNotRead({ file, reason: reasonOf(error) }, error)
  }
}

/** A line every second, while it takes longer. */
function progressOn(stream: NodeJS.WriteStream): (done: number, of: number) => void {
  let next = performance.now() + 1_000
  return (done, of) => {
    if (performance.now() < next || of === 0) return
    next = performance.now() + 1_000
    stream.write(
      `${Math.floor((done / of) * 100)} %: ${done.toLocaleString('en')} of ${of.toLocaleString('en')} entries\n`,
    )
  }
}

function reportOf(it: Verification): string {
  const rate = Math.round(it.entries / Math.max(it.seconds, 0.001))
  const lines = [
    it.isSound ? 'The log is as it was written.' : 'The log is NOT as it was written:',
    ...it.findings.map(({ kind, text }) => `  ${kind}: ${text}`),
    ...adviceOn(it),
    `${it.entries} entries of ${logsInWords(it.tenants, it.hasOwn)} in ${it.seconds.toFixed(1)} s (${rate} a second), ${it.unsealed} of them too new to be sealed.`,
    ...it.knownForks.map(sentenceOf),
    ...it.continuedCopies.map(copyInWords),
    ...(it.archived > 0 ? [`${it.archived} older entries are archived, by signed records.`] : []),
    ...(it.archivesRead.length > 0 ? [`Archives read: ${it.archivesRead.join(', ')}.`] : []),
    ...(it.archivesAway.length > 0 ? [`Archives that are not at hand: ${it.archivesAway.join(', ')}.`] : []),
    `${it.checkpoints} checkpoints here, ${it.outside} outside${it.newest ? `; the newest is ${it.newest.number} of ${it.newest.at}` : ''}.`,
    ...(it.newest ? [`Signed with the key ${it.newest.thumbprint}.`] : []),
    ...(it.outside === 0
      ? ['No checkpoint outside of the database was compared: who can write here could have sealed anew.']
      : []),
    ...(it.firstLate
      ? [
          `${it.late} entries were written long after the time that they say, the first is ${it.firstLate.entryId} of ${it.firstLate.createdAt}: those of a tenant that was moved are.`,
        ]
      : []),
  ]
  return `${lines.join('\n')}\n`
}

/** As the page and the API tell them: each with what to do. */
const advised = <T extends Verification>(it: T) => ({
  ...it,
  findings: it.findings.map(finding => ({ ...finding, advice: adviceFor(finding.kind) })),
})

/** Of each advice what it is for; and how many there are that are not listed. */
function adviceOn({ findings, counts }: Verification): string[] {
  if (findings.length === 0) return []
  const more = Object.values(counts).reduce((sum, count) => sum + count, 0) - findings.length
  const kinds = new Map<string, Set<string>>()
  for (const { kind } of findings) {
    const advice = adviceFor(kind)
    kinds.set(advice, (kinds.get(advice) ?? new Set()).add(kind))
  }
  return [
    ...(more > 0 ? [`  and ${more.toLocaleString('en')} more like these.`] : []),
    'What to do:',
    ...[...kinds].map(([advice, found]) => `  ${[...found].join(', ')}: ${advice}`),
  ]
}

/** The installation's own log is one of the trees, and no workspace. */
function logsInWords(trees: number, hasOwn: boolean): string {
  const tenants = hasOwn ? trees - 1 : trees
  const words = `${tenants} ${tenants === 1 ? 'workspace' : 'workspaces'}`
  return hasOwn ? `${words} and of the installation` : words
}

const sentenceOf = ({ checkpoint, forkOf, by, at, reason }: AcceptedFork): string =>
  `Known fork: checkpoint ${checkpoint.number} goes on beside checkpoint ${forkOf.number}, accepted by ${by} at ${at}: ${reason}`

const copyInWords = ({ checkpoint, by, at, reason }: ContinuedCopy): string =>
  `A copy: this log goes on ${checkpoint ? `after checkpoint ${checkpoint.number}` : 'from its beginning'} of the one that it was dumped from, as ${by} said at ${at}: ${reason}`

function sentencesOf(it: CheckedProof): string {
  const lines = it.to
    ? [
        `The proof holds: the ${it.size} entries at checkpoint ${it.checkpoint} of ${it.at} are the beginning of the ${it.to.size} at checkpoint ${it.to.checkpoint} of ${it.to.at}.`,
      ]
    : [
        `The proof holds: this is entry ${Number(it.position) + 1} of ${it.size} at checkpoint ${it.checkpoint} of ${it.at}.`,
        ...(it.untold ?? []).map(part => `  It does not tell the ${part}: left out or erased.`),
        ...Object.entries(it.entry ?? {}).map(
          ([name, value]) => `  ${name.padEnd(12)}${typeof value === 'string' ? value : JSON.stringify(value)}`,
        ),
      ]
  lines.push(
    `Tenant ${it.tenantId}, log ${it.log}.`,
    `Signed with the key ${it.thumbprint}: compare it with the one that you were given.`,
  )
  return `${lines.join('\n')}\n`
}
