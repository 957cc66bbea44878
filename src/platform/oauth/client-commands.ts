import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import { noTenant } from '#platform/audit'
import { type Scope, sql } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { findTenantBySlug } from '#platform/tenancy'
import { clientErrors as errors } from './client-errors.ts'
import { rotateSecret } from './client-secrets.ts'
import {
  type Client,
  createClient,
  deleteClient,
  getClient,
  grantTypes,
  type ListedClient,
  listClients,
  type NewClientFields,
  takesSecrets,
} from './clients.ts'

type Flags = {
  tenant?: string
  json?: boolean
  public?: boolean
  grant?: string[]
  redirectUri?: string[]
  scope?: string[]
  serviceAccount?: string
  jwksUri?: string
  overlapHours?: string
}

/** `commonhold oauth clients …`, for operators: those of a tenant, or without one those of the installation. */
export function registerClientCommands(parent: Command, { withApp }: CommandContext): void {
  const clients = parent.command('clients').description('The applications that may act for people here')
  clients
    .command('list')
    .description('List the applications of a tenant, or without one those of the installation')
    .option('--tenant <slug>', 'the tenant')
    .option('--json', 'print them as JSON')
    .action(async ({ tenant, json }: Flags) => {
      const found = await withApp(async app => listAll(app, await scopeOf(app, tenant)))
      process.stdout.write(json ? `${JSON.stringify(found)}\n` : found.map(lineOf).join(''))
    })
  clients
    .command('create <name>')
    .description('Make an application, and print its secret, this once')
    .option('--tenant <slug>', 'the tenant; without it every tenant knows the application')
    .option('--public', 'it runs in its user’s hands and can keep no secret')
    .option('--grant <type...>', `how it gets a token: ${grantTypes.join(', ')}`, [
      'authorization_code',
      'refresh_token',
    ])
    .option('--redirect-uri <address...>', 'where people are sent back', [])
    .option('--scope <name...>', 'what it may ask for at most', ['openid', 'profile', 'email'])
    .option('--service-account <id>', 'as whom it acts by client_credentials')
    .option('--jwks-uri <address>', 'where its public keys are: then it shows itself by a signature')
    .option('--json', 'print it as JSON')
    .action(async (name: string, flags: Flags) => {
      const made = await withApp(async app => create(app, await scopeOf(app, flags.tenant), name, flags))
      const text = `${made.clientId}\n${made.secret === null ? '' : `${made.secret}\n`}`
      process.stdout.write(flags.json ? `${JSON.stringify(made)}\n` : text)
    })
  clients
    .command('rotate-secret <clientId>')
    .description('Give an application another secret, and print it, this once')
    .option('--tenant <slug>', 'the tenant, where several have an application of this id')
    .option('--overlap-hours <hours>', 'how long the old secret works beside the new one, 720 at most', '24')
    .option('--json', 'print it as JSON')
    .action(async (clientId: string, { tenant, overlapHours, json }: Flags) => {
      const hours = Number(overlapHours)
      if (!(Number.isInteger(hours) && hours >= 0 && hours <= 720)) throw errors.overlapInvalid()
      const made = await withApp(async app => {
        const { id, scope } = await find(app, clientId, tenant)
        return await app.db.transaction(scope, tx => rotateSecret(tx, id, hours))
      })
      process.stdout.write(json ? `${JSON.stringify(made)}\n` : `${made.secret}\n`)
    })
  clients
    .command('delete <clientId>')
    .description('Delete an application with all that it was allowed and all its tokens')
    .option('--tenant <slug>', 'the tenant, where several have an application of this id')
    .option('--json', 'print what is gone as JSON')
    .action(async (clientId: string, { tenant, json }: Flags) => {
      const gone = await withApp(async app => {
        const { id, scope } = await find(app, clientId, tenant)
        return await app.db.transaction(scope, async tx => {
          const client = await getClient(tx, id)
          await deleteClient(tx, id)
          return client
        })
      })
      process.stdout.write(json ? `${JSON.stringify(gone)}\n` : `“${gone.name}” is deleted.\n`)
    })
}

/** `tenant` is a slug. */
async function scopeOf(app: App, tenant: string | undefined): Promise<Scope> {
  if (tenant === undefined) return { system: true }
  const found = await findTenantBySlug(app.db.reads({ system: true }), tenant)
  if (!found) throw errors.tenantUnknown({ tenant })
  return { system: true, tenantId: found.id }
}

async function listAll(app: App, scope: Scope): Promise<ListedClient[]> {
  const items: ListedClient[] = []
  let cursor: string | undefined
  do {
    const page = await listClients(app.db.reads(scope), { limit: 100, cursor })
    items.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return items
}

async function create(app: App, scope: Scope, name: string, flags: Flags): Promise<Client & { secret: string | null }> {
  const unknown = flags.grant?.find(type => !(grantTypes as readonly string[]).includes(type))
  if (unknown !== undefined) throw errors.grantTypesUnfit()
  const wanted = {
    name,
    type: flags.public ? 'public' : 'confidential',
    grantTypes: (flags.grant ?? []) as NewClientFields['grantTypes'],
    redirectUris: flags.redirectUri ?? [],
    scopes: flags.scope ?? [],
    ...(flags.serviceAccount !== undefined && { serviceAccountId: flags.serviceAccount }),
    ...(flags.jwksUri !== undefined && { jwksUri: flags.jwksUri, tokenEndpointAuthMethod: 'private_key_jwt' }),
  } as NewClientFields
  return await app.db.transaction(scope, async tx => {
    const client = await createClient(tx, wanted)
    const made = takesSecrets(client) ? await rotateSecret(tx, client.id, 0) : null
    return { ...client, secret: made?.secret ?? null }
  })
}

/** By what it names itself: that says whose it is, except where a tenant was imported beside the one that it was copied from. */
async function find(app: App, clientId: string, tenant: string | undefined): Promise<{ id: string; scope: Scope }> {
  const within = tenant === undefined ? undefined : await scopeOf(app, tenant)
  const rows = await app.db.reads({ system: true }).run(sql<{ id: string; tenantId: string }>`
    select id, tenant_id
    from oauth.oauth_clients
    where client_id = ${clientId}
      ${within ? sql`and tenant_id = ${within.tenantId}` : sql``}`)
  const [row, another] = rows
  if (!row || another) throw errors.clientNotFound({ id: clientId })
  const scope = row.tenantId === noTenant ? { system: true } : { system: true, tenantId: row.tenantId }
  return { id: row.id, scope }
}

const lineOf = ({ clientId, name, type, isActive, scopes }: ListedClient) =>
  `${clientId}  ${name} (${type}${isActive ? '' : ', off'})  ${scopes.join(' ')}\n`
