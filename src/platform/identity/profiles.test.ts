import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPerson, type Person, testWorld } from '#test/world.ts'
import type { OwnProfile } from './profiles.ts'

const world = await testWorld()
const { admin, alice, bob, viewer } = world

const read = async (person: Person) => {
  const answer = await person.fetch('/me/profile')
  assert.equal(answer.status, 200)
  return { profile: (await answer.json()) as OwnProfile, etag: answer.headers.get('etag') ?? '' }
}
const patch = async (person: Person, body: unknown, headers: Record<string, string> = {}) => {
  const answer = await person.fetch('/me/profile', { method: 'PATCH', body, headers })
  return { status: answer.status, json: await answer.json(), etag: answer.headers.get('etag') }
}
const refused = async (person: Person, body: unknown) => {
  const { status, json } = await patch(person, body)
  return [status, json.code, json.errors?.[0]?.pointer]
}

test('PE-03 MT-08 a profile begins with the documents’ defaults', async () => {
  const person = await newPerson(world, { fullName: 'Nora New' })
  const { profile } = await read(person)
  assert.deepEqual(profile, {
    id: person.userId,
    fullName: 'Nora New',
    username: null,
    firstName: null,
    lastName: null,
    phone: null,
    address: null,
    timezone: 'UTC',
    language: 'en',
    bio: null,
    title: null,
    department: null,
    socialLinks: {},
    skills: [],
    preferences: {},
    avatarUrl: null,
    emailPreferences: { marketing: true, updates: true, security: true, newsletter: false },
  })
})

test('PE-03 VS-01 MT-08 a person tells about himself what the documents foresee, and reads it back', async () => {
  const told = {
    fullName: 'Ada King, Countess of Lovelace',
    username: 'ada.lovelace',
    firstName: 'Augusta Ada',
    lastName: 'King',
    phone: '+44 20 7946 0018',
    address: '12 St James’s Square\nLondon SW1Y 4JH',
    timezone: 'Europe/London',
    language: 'en-GB',
    bio: 'Wrote the first program.\n\n“Notes”, 1843 — 数学 \u{1F4DC}',
    title: 'Analyst',
    department: 'Engines',
    socialLinks: { website: 'https://ada.example/notes?x=1#g', mastodon: 'https://social.example/@ada' },
    skills: ['Mathematics', 'Translation', 'C++'],
    preferences: { snake_case_key: { nestedKey: [1, 'two', null] }, density: 'compact' },
  }
  const { status, json, etag } = await patch(alice, told)
  assert.equal(status, 200)
  const { profile, etag: etagAfter } = await read(alice)
  assert.deepEqual(json, profile)
  assert.equal(etag, etagAfter)
  assert.deepEqual(profile, { ...profile, ...told })
  const me = (await (await alice.fetch('/me')).json()) as { user: Record<string, unknown> }
  assert.deepEqual(
    [me.user.fullName, me.user.username, me.user.timezone, me.user.language],
    [told.fullName, told.username, told.timezone, told.language],
  )
})

test('MT-08 only what is given is changed; null and blank text empty', async () => {
  const person = await newPerson(world)
  await patch(person, { title: ' Analyst ', department: 'Engines', skills: ['One'], phone: '1234' })
  const { json } = await patch(person, { department: null, phone: '  '.trim(), bio: ' \n ' })
  assert.deepEqual(
    [json.title, json.department, json.phone, json.bio, json.skills],
    ['Analyst', null, null, null, ['One']],
  )
  assert.equal((await patch(person, {})).status, 200)
})

test('MT-08 e-mail preferences are switched one by one', async () => {
  const person = await newPerson(world)
  const { json } = await patch(person, { emailPreferences: { marketing: false, newsletter: true } })
  assert.deepEqual(json.emailPreferences, { marketing: false, updates: true, security: true, newsletter: true })
  for (const wrong of [{ marketing: 'no' }, { marketing: null }, { spam: true }, [], 'all']) {
    assert.equal((await patch(person, { emailPreferences: wrong })).status, 400, JSON.stringify(wrong))
  }
})

test('MT-08 two who change a profile at once do not undo each other: the second is told', async () => {
  const person = await newPerson(world)
  const { etag } = await read(person)
  assert.equal((await patch(person, { title: 'First' }, { 'if-match': etag })).status, 200)
  const second = await patch(person, { title: 'Second' }, { 'if-match': etag })
  assert.deepEqual([second.status, second.json.code], [412, 'http.changed_meanwhile'])
  assert.equal((await read(person)).profile.title, 'First')
  const now = await read(person)
  const both = await Promise.all(['A', 'B', 'C', 'D'].map(title => patch(person, { title }, { 'if-match': now.etag })))
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412, 412, 412])
  const cached = await person.fetch('/me/profile', { headers: { 'if-none-match': (await read(person)).etag } })
  assert.equal(cached.status, 304)
})

test('GG-01 a user name is one person’s, in any case; given up, it is free', async () => {
  const [one, other] = [await newPerson(world), await newPerson(world)]
  assert.equal((await patch(one, { username: 'Grace.Hopper' })).json.username, 'Grace.Hopper')
  for (const username of ['Grace.Hopper', 'grace.hopper', 'GRACE.HOPPER']) {
    assert.deepEqual(await refused(other, { username }), [409, 'identity.username_taken', '/username'])
  }
  assert.equal((await patch(one, { username: 'grace.hopper' })).status, 200, 'its owner may write it otherwise')
  assert.equal((await patch(one, { username: null })).status, 200)
  assert.equal((await patch(other, { username: 'GRACE.hopper' })).status, 200)
  const race = await Promise.all([one, viewer, bob].map(person => patch(person, { username: 'racer' })))
  assert.deepEqual(race.map(({ status }) => status).sort(), [200, 409, 409])
})

test('PE-03 a time zone is an IANA name that exists, a language a BCP 47 tag', async () => {
  for (const timezone of ['Europe/Berlin', 'UTC', 'Asia/Kolkata', 'Asia/Calcutta', 'America/Argentina/Buenos_Aires']) {
    assert.equal((await patch(viewer, { timezone })).json.timezone, timezone)
  }
  for (const timezone of ['Mars/Olympus', '+01:00', 'CEST8', 'Europe/Berlin\u0000', '../../etc/passwd', ' ']) {
    const [status] = await refused(viewer, { timezone })
    assert.equal(status, 400, timezone)
  }
  assert.deepEqual(await refused(viewer, { timezone: 'Mars/Olympus' }), [400, 'identity.timezone_unknown', '/timezone'])
  for (const [given, kept] of [
    ['de', 'de'],
    ['DE-ch', 'de-CH'],
    ['zh-hant-tw', 'zh-Hant-TW'],
    ['sr-Latn-RS', 'sr-Latn-RS'],
  ]) {
    assert.equal((await patch(viewer, { language: given })).json.language, kept)
  }
  for (const language of ['', 'german', 'x', 'de_CH', 'de-', 'en-US-', 'de-de-de-de-de', 'e\u0301']) {
    assert.equal((await refused(viewer, { language }))[0], 400, language)
  }
})

test('MT-08 a link is a web address: no scripts, no files, no name and password before the host', async () => {
  for (const website of [
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'ftp://example.com',
    '//example.com',
    '/path',
    'example.com',
    'https:example.com',
    'https:/\\example.com',
    'https://paypal.com@evil.example/',
    'https://user:secret@example.com/',
    'https://',
    'https://exa mple.com',
    'https://example.com/\u202Egpj.exe',
    'https://[::1',
    `https://example.com/${'a'.repeat(500)}`,
    `https://example.com/${'\u4E2D'.repeat(200)}`,
  ]) {
    const { status } = await patch(viewer, { socialLinks: { website } })
    assert.equal(status, 400, website)
  }
  assert.deepEqual(await refused(viewer, { socialLinks: { github: 'javascript:alert(1)' } }), [
    400,
    'identity.profile_unfit',
    '/socialLinks/github',
  ])
  assert.equal((await patch(viewer, { socialLinks: { myspace: 'https://example.com' } })).status, 400, 'unknown places')
  const { json } = await patch(viewer, { socialLinks: { website: ' HTTPS://Bücher.Example/Ä ', x: '' } })
  assert.deepEqual(json.socialLinks, { website: 'https://xn--bcher-kva.example/%C3%84' })
  assert.deepEqual((await patch(viewer, { socialLinks: {} })).json.socialLinks, {})
})

test('MT-08 skills are fifty short texts, each once', async () => {
  const skills = Array.from({ length: 50 }, (_, index) => `Skill ${index}`)
  assert.deepEqual((await patch(viewer, { skills })).json.skills, skills)
  assert.equal((await patch(viewer, { skills: [...skills, 'one more'] })).status, 400)
  assert.deepEqual(await refused(viewer, { skills: ['SQL', 'Rust', ' sql '] }), [
    400,
    'identity.profile_unfit',
    '/skills/2',
  ])
  for (const skill of ['', '  ', 'x'.repeat(51), 'a\nb', 1, null, ['x']]) {
    assert.equal((await patch(viewer, { skills: [skill] })).status, 400, JSON.stringify(skill))
  }
  assert.deepEqual((await patch(viewer, { skills: ['  Data   bases '] })).json.skills, ['Data bases'])
})

test('MT-08 text is bounded, by characters and not by bytes, and preferences by their size', async () => {
  const bounds = { firstName: 100, lastName: 100, address: 500, bio: 2000, title: 100, department: 100, fullName: 255 }
  for (const [field, most] of Object.entries(bounds)) {
    for (const letter of ['x', '\u00e9', '\u{1F4DC}', '\u6570']) {
      assert.equal((await patch(viewer, { [field]: letter.repeat(most) })).status, 200, `${field} ${letter}`)
      assert.equal((await patch(viewer, { [field]: letter.repeat(most + 1) })).status, 400, `${field} ${letter}`)
    }
    assert.equal((await patch(viewer, { [field]: 'a\u202Eb' })).status, 400, `${field} turns the text round`)
    assert.equal((await patch(viewer, { [field]: 'a\u0007b' })).status, 400, `${field} rings the bell`)
  }
  assert.equal((await patch(viewer, { fullName: 'A\r\nBcc: eve@example.com' })).status, 400)
  assert.equal((await patch(viewer, { fullName: null })).status, 400)
  assert.equal((await patch(viewer, { fullName: '   ' })).status, 400)
  for (const phone of ['12345678901234567890'.repeat(2), 'call me', '+', '<b>']) {
    assert.equal((await patch(viewer, { phone })).status, 400, phone)
  }
  assert.deepEqual(await refused(viewer, { preferences: { text: 'x'.repeat(8200) } }), [
    400,
    'identity.profile_unfit',
    '/preferences',
  ])
  const manyDigits = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [index, 1e300]))
  assert.equal((await refused(viewer, { preferences: manyDigits }))[0], 400, 'numbers that grow in the database')
  let deep: unknown = 1
  for (let depth = 0; depth < 900; depth++) deep = [deep]
  assert.deepEqual(await refused(viewer, { preferences: { deep } }), [400, 'identity.profile_unfit', '/preferences'])
  for (const preferences of [[], 'x', null, 1]) assert.equal((await patch(viewer, { preferences })).status, 400)
})

test('MT-08 what a request could not write, no program writes either', async () => {
  const update = (set: string) =>
    admin.query(`update identity.user_profiles set ${set} where user_id = $1`, [alice.userId])
  await update(`bio = 'short'`)
  for (const [set, constraint] of [
    [`bio = repeat('x', 2001)`, 'user_profiles_bio_length'],
    [`title = repeat('x', 101)`, 'user_profiles_title_length'],
    [`department = ''`, 'user_profiles_department_length'],
    [`address = repeat('x', 501)`, 'user_profiles_address_length'],
    [`skills = (select jsonb_agg(n) from generate_series(1, 51) as n)`, 'user_profiles_skills_few'],
    [
      `social_links = (select jsonb_object_agg(n, 'x') from generate_series(1, 21) as n)`,
      'user_profiles_social_links_few',
    ],
    [`preferences = jsonb_build_object('x', repeat('x', 16400))`, 'user_profiles_preferences_size'],
    [`email_preferences = '{"spam": true}'`, 'user_profiles_email_preferences_known'],
    [`email_preferences = '{"marketing": "yes"}'`, 'user_profiles_email_preferences_known'],
  ]) {
    await assert.rejects(update(set as string), new RegExp(constraint as string), set)
  }
})

test('CVE-2026-27946 nobody verifies his own address, moves himself or makes himself more by his profile', async () => {
  const before = await admin.query('select * from identity.users where id = $1', [viewer.userId])
  const { rows: profiles } = await admin.query('select * from identity.user_profiles where user_id = $1', [
    viewer.userId,
  ])
  for (const body of [
    { email: 'root@example.com' },
    { isEmailVerified: true },
    { emailVerifiedAt: '2026-01-01T00:00:00Z' },
    { status: 'active' },
    { isActive: true },
    { id: alice.userId },
    { userId: alice.userId },
    { defaultTenantId: bob.tenantId },
    { tenantId: bob.tenantId },
    { roles: ['owner'] },
    { permissions: ['*'] },
    { isOperator: true },
    { avatarUrl: 'https://evil.example/pixel.png' },
    { metadata: { isAdmin: true } },
    { passwordHash: '$argon2id$' },
    { full_name: 'x' },
    { emailPreferences: { isAdmin: true } },
    { socialLinks: { email: 'https://example.com' } },
  ]) {
    const { status, json } = await patch(viewer, { title: 'Taken along', ...body })
    assert.deepEqual([status, json.code], [400, 'http.request_invalid'], JSON.stringify(body))
  }
  const after = await admin.query('select * from identity.users where id = $1', [viewer.userId])
  assert.deepEqual(after.rows, before.rows)
  const now = await admin.query('select * from identity.user_profiles where user_id = $1', [viewer.userId])
  assert.deepEqual(now.rows, profiles)
})

test('AG-01 a profile is changed by its own person: nobody else’s changes with it', async () => {
  const others = () =>
    admin.query(
      `select account.full_name, account.username, profile.*
       from identity.users as account join identity.user_profiles as profile on profile.user_id = account.id
       where account.id <> $1 order by account.id`,
      [bob.userId],
    )
  const before = (await others()).rows
  const { status, json } = await patch(bob, { fullName: 'Robert Barker', bio: 'Of the other house', skills: ['Law'] })
  assert.deepEqual([status, json.fullName, json.id], [200, 'Robert Barker', bob.userId], 'control: his own changes')
  assert.deepEqual((await others()).rows, before)
  assert.equal((await read(alice)).profile.id, alice.userId)
})

test('GG-19 a change of a profile stands in the audit log, its phone and address only as changed', async () => {
  const person = await newPerson(world)
  await patch(person, { title: 'Keeper', phone: '5551234', address: 'Hidden Lane 7' })
  const { rows } = await admin.query(
    `select changes, user_id from audit.audit_logs
     where resource = 'identity.user_profiles' and action = 'update' and user_id = $1`,
    [person.userId],
  )
  assert.equal(rows.length, 1)
  assert.equal(rows[0].changes.title.new, 'Keeper')
  assert.ok(!JSON.stringify(rows).includes('Hidden Lane') && !JSON.stringify(rows).includes('5551234'))
  assert.ok('phone' in rows[0].changes)
})
