import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { demonstrateAssignments } from '#assignments'
import {
  addItem,
  createList,
  enqueueConsequences,
  getFavourites,
  importFile,
  isImported,
  saveSearch,
} from '#contractors'
import { giveRole } from '#platform/access'
import { foundTenant } from '#platform/accounts'
import type { App } from '#platform/app.ts'
import { json, type Queryable, sql } from '#platform/database'
import { createUser, hashNewPassword, makeOperator, replacePassword, setDefaultTenant } from '#platform/identity'
import { wallTimeAt } from '#platform/local-times.ts'
import { addMember } from '#platform/tenancy'
import type { Demonstration, Progress, SignIn } from './sign-ins.ts'

type DemonstrationList = { name: string; description: string; color: string; isPublic?: boolean; ueis: string[] }
type DemonstrationPerson = {
  fullName: string
  email: string
  role: 'owner' | 'admin' | 'member' | 'viewer'
  favourites: string[]
  lists: DemonstrationList[]
  /** That he has saved. */
  searches?: Parameters<typeof saveSearch>[1][]
}
type DemonstrationTenant = {
  name: string
  people: [DemonstrationPerson, ...DemonstrationPerson[]]
  /** Where its people live; UTC unless told. */
  timeZone?: string
  /** Plans who does what: a hostel, a clinic and a conference. */
  hasAssignments?: true
  /** People of other tenants who work here too. */
  guests: { email: string; role: DemonstrationPerson['role'] }[]
}

/**
 * Real contractors under fictitious customers: two firms that compete, so that neither may see the other's lists. And a foundation
 * that runs a hostel, a clinic and a conference, which has none.
 */
const tenants: DemonstrationTenant[] = [
  {
    name: 'Meridian Capture',
    people: [
      {
        fullName: 'Alice Archer',
        email: 'alice@meridian.example',
        role: 'owner',
        favourites: ['C12NSYAH27N4', 'UE9QJD4KK1L6', 'CKV2L9GZKJK3'],
        lists: [
          {
            name: 'Teaming partners, cyber',
            description: 'Primes that we would team with on the next cyber vehicles',
            color: '#0b7285',
            isPublic: true,
            ueis: ['UE9QJD4KK1L6', 'CSHQPPLH8D47', 'CVRDPLPAR5D3', 'DE6HN4VGM3R1', 'F9AVUZ8YBGQ6', 'FU7PX76JHM17'],
          },
          {
            name: 'Bid decision, June',
            description: 'Private until the board has met',
            color: '#9c36b5',
            ueis: ['CKV2L9GZKJK3', 'PHZDZ8SJ5CM1'],
          },
        ],
        searches: [
          {
            name: 'Systems design in Virginia and Maryland',
            search: { state: ['VA', 'MD'], naics: ['5415'], sort: 'value' },
            alert: 'daily',
          },
        ],
      },
      {
        fullName: 'Marco Silva',
        email: 'marco@meridian.example',
        role: 'member',
        favourites: ['E21VP9DNS4N8'],
        lists: [
          {
            name: 'Colorado incumbents',
            description: 'Who holds work around Colorado Springs',
            color: '#2b8a3e',
            ueis: ['EH8UKZ6TML75', 'HSLPBHN3E7Q3', 'FYHNA5WC8XD7'],
          },
        ],
      },
      { fullName: 'Vera Lindqvist', email: 'vera@meridian.example', role: 'viewer', favourites: [], lists: [] },
    ],
    guests: [{ email: 'nadia@northgate.example', role: 'viewer' }],
  },
  {
    name: 'Northgate Partners',
    people: [
      {
        fullName: 'Bob Barker',
        email: 'bob@northgate.example',
        role: 'owner',
        favourites: ['GEYFS4D96R55', 'H7PNSVNN5827'],
        lists: [
          {
            name: 'Acquisition watch',
            description: 'Targets for the second half; nobody outside may know',
            color: '#c92a2a',
            ueis: ['FNQDFB8Z8QA8', 'E9BSACNAJ7G1', 'HV8BH9BPG8Y9'],
          },
        ],
      },
      { fullName: 'Nadia Haddad', email: 'nadia@northgate.example', role: 'admin', favourites: [], lists: [] },
    ],
    guests: [],
  },
  {
    name: 'Harbour Foundation',
    timeZone: 'Europe/Berlin',
    hasAssignments: true,
    people: [
      { fullName: 'Hanna Holm', email: 'hanna@harbour.example', role: 'owner', favourites: [], lists: [] },
      { fullName: 'Clara Weiss', email: 'clara@harbour.example', role: 'member', favourites: [], lists: [] },
    ],
    guests: [],
  },
]

const files = [
  { name: 'entities.csv.gz', source: 'entities' },
  { name: 'fpds_vendor_observations.csv.gz', source: 'fpds_vendors' },
  { name: 'fpds_awards.csv.gz', source: 'fpds_awards' },
  { name: 'fpds_idv_actions.csv.gz', source: 'fpds_idv' },
  { name: 'sam_public_v2_real_sample.dat', source: 'sam_v2' },
  { name: 'award_list_without_uei.csv.gz', source: 'award_list' },
].map(({ name, source }) => {
  const path = fileURLToPath(new URL(`../../data/contractors/${name}`, import.meta.url))
  return { path, source, bytes: statSync(path).size }
})

const system = { system: true } as const

/**
 * Contractor data from public sources, and two tenants with people, roles and lists. What is there already is kept; a
 * person whose password is not known any more (demo.json was lost) gets a new one. A database that others use, with
 * users and none of ours, is left alone.
 */
export const loadDemonstration: Demonstration = async (app, known, progress) => {
  if (await isUsedByOthers(app)) return []
  await importCatalogue(app, progress)
  const signIns: SignIn[] = []
  for (const tenant of tenants) signIns.push(...(await peopleTenant(app, tenant, known)))
  for (const tenant of tenants) await inviteGuests(app, tenant)
  for (const tenant of tenants) if (tenant.hasAssignments) await planAssignments(app, tenant)
  await appointOperator(app)
  return signIns
}

async function isUsedByOthers(app: App): Promise<boolean> {
  const emails = tenants.flatMap(({ people }) => people.map(person => person.email))
  const { users, ours } = await app.db.scoped(system).one(sql<{ users: number; ours: number }>`
    select count(*) as users, count(*) filter (where email = any(${emails})) as ours
    from identity.users
    where deleted_at is null`)
  return users > 0 && ours === 0
}

async function importCatalogue(app: App, progress: Progress): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let before = 0
  const imports: Awaited<ReturnType<typeof importFile>>[] = []
  for (const { path, source, bytes } of files) {
    if (!(await isImported(app.db, { path, source }))) {
      const now = app.clock.now()
      const onProgress = ({ bytesRead }: { bytesRead: number }) => progress(before + bytesRead, total)
      imports.push(await importFile(app.db, { path, source }, { now, onProgress }))
      progress(before + bytes, total)
    }
    before += bytes
  }
  // By the worker, so that nobody waits for it here.
  await enqueueConsequences(app.db.unscoped, imports)
}

/** The tenant with its people; each person is one transaction with his lists, so that a kill leaves nobody half made. */
async function peopleTenant(app: App, tenant: DemonstrationTenant, known: readonly SignIn[]): Promise<SignIn[]> {
  const signIns: SignIn[] = []
  let tenantId: string | undefined
  for (const person of tenant.people) {
    const found = await findPerson(app, person.email)
    const remembered = known.find(signIn => signIn.email === person.email)
    const password = found && remembered ? remembered.password : randomBytes(12).toString('base64url')
    if (!found) {
      tenantId = await makePerson(app, tenant, tenantId, person, password)
    } else {
      tenantId = found.tenantId ?? tenantId
      if (!remembered) await forgetPassword(app, found.id, password)
    }
    signIns.push({ email: person.email, password, tenant: tenant.name, role: person.role })
  }
  return signIns
}

/** So that somebody can try the tenant switcher: the same person, another tenant, another role. */
async function inviteGuests(app: App, { people, guests }: DemonstrationTenant): Promise<void> {
  const host = await findPerson(app, people[0].email)
  const tenantId = host?.tenantId ?? undefined
  for (const { email, role } of guests) {
    const guest = await findPerson(app, email)
    if (!guest || tenantId === undefined) continue
    await app.db.transaction({ ...system, tenantId }, async tx => {
      const membership = await addMember(tx, guest.id)
      await giveRole(tx, membership.id, role)
    })
  }
}

/** As its owner, who plans there. */
async function planAssignments(app: App, { people, timeZone = 'UTC' }: DemonstrationTenant): Promise<void> {
  const [owner, ...members] = people
  const planner = await findPerson(app, owner.email)
  const tenantId = planner?.tenantId
  if (!planner || !tenantId) return
  const found = await Promise.all(
    members.map(async ({ email }) => [email, (await findPerson(app, email))?.id] as const),
  )
  const memberOf = new Map(found.flatMap(([email, id]) => (id ? [[email, id] as const] : [])))
  const today = wallTimeAt(app.clock.now(), timeZone).toISOString().slice(0, 10)
  const scope = { tenantId, userId: planner.id, userName: owner.fullName }
  await demonstrateAssignments(app, scope, { today, timeZone, memberOf })
}

/** Somebody has to be able to try what operators see. */
async function appointOperator(app: App): Promise<void> {
  await app.db.transaction(system, async tx => {
    const { found } = await tx.one(sql<{ found: boolean }>`select exists (select from identity.operators) as found`)
    const alice = found ? undefined : await findPerson(app, 'alice@meridian.example')
    if (alice) await makeOperator(tx, alice.id)
  })
}

function findPerson(app: App, email: string): Promise<{ id: string; tenantId: string | null } | undefined> {
  return app.db.scoped(system).maybe(sql<{ id: string; tenantId: string | null }>`
    select id, default_tenant_id as tenant_id
    from identity.users
    where email = ${email}
      and deleted_at is null`)
}

async function forgetPassword(app: App, userId: string, password: string): Promise<void> {
  const passwordHash = await hashNewPassword(password)
  await app.db.transaction({ ...system, userId }, tx => replacePassword(tx, userId, passwordHash))
}

async function makePerson(
  app: App,
  tenant: DemonstrationTenant,
  existingTenantId: string | undefined,
  person: DemonstrationPerson,
  password: string,
): Promise<string> {
  const { fullName, email, role } = person
  const id = crypto.randomUUID()
  const tenantId = existingTenantId ?? crypto.randomUUID()
  const passwordHash = await hashNewPassword(password)
  await app.db.transaction({ ...system, tenantId, userId: id, userName: fullName }, async tx => {
    await createUser(tx, { id, email, fullName, passwordHash, isEmailVerified: true })
    if (existingTenantId === undefined) {
      await foundTenant(tx, { id: tenantId, name: tenant.name }, id)
      if (tenant.timeZone)
        await tx.run(sql`
          update tenancy.tenants
          set settings = settings || ${json({ timezone: tenant.timeZone })}
          where id = ${tenantId}`)
    } else {
      const membership = await addMember(tx, id)
      await giveRole(tx, membership.id, role)
      await setDefaultTenant(tx, id, tenantId)
    }
    await fillLists(tx, person)
  })
  return tenantId
}

async function fillLists(tx: Queryable, { favourites, lists, searches }: DemonstrationPerson): Promise<void> {
  const starred = await getFavourites(tx)
  for (const uei of favourites) await addItem(tx, starred.id, { uei })
  for (const { ueis, ...fields } of lists) {
    const list = await createList(tx, fields)
    for (const uei of ueis) await addItem(tx, list.id, { uei })
  }
  for (const search of searches ?? []) await saveSearch(tx, search)
}
