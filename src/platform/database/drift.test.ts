import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyTestDatabase, migrationFolder } from '#test/migrations.ts'
import { readCatalog } from './catalog.ts'
import { compareCatalogs, type Difference, findDrift } from './drift.ts'
import { migrateDatabase, revertMigrations } from './migrate.ts'

const migrations = {
  '20260101_000000_shop_create_things.up': `
    create schema shop;
    grant usage on schema shop to commonhold_app;
    create extension pg_trgm schema public;
    create type shop.size as enum ('small', 'large');
    create sequence shop.numbers;
    create table shop.makers (tenant_id uuid, id int, weight numeric(10, 2), constraint makers_pkey primary key (tenant_id, id));
    create table shop.things (
      tenant_id uuid not null default gen_random_uuid(),
      id int generated always as identity,
      name text not null default 'thing',
      maker_id int,
      price numeric(10, 2),
      twice numeric generated always as (price * 2) stored,
      constraint things_pkey primary key (tenant_id, id),
      constraint things_name_unique unique (tenant_id, name),
      constraint things_price_positive check (price > 0),
      constraint things_maker_id_fkey foreign key (tenant_id, maker_id) references shop.makers on delete cascade
    );
    create index things_maker_id on shop.things (tenant_id, maker_id);
    create index things_price on shop.things (price) where price > 10;
    create statistics shop.things_names on name, price from shop.things;
    comment on table shop.things is 'What is sold';
    comment on column shop.things.price is 'In euros';
    create function shop.count_things() returns bigint language sql stable as 'select count(*) from shop.things';
    create function shop.note() returns trigger language plpgsql as 'begin return new; end';
    create trigger things_note after insert on shop.things for each row execute function shop.note();
    create view shop.cheap with (security_invoker = true) as select id, name from shop.things where price < 5;
    alter table shop.things enable row level security;
    alter table shop.things force row level security;
    create policy own on shop.things using (tenant_id is not null) with check (true);
    create policy readable on shop.things for select to commonhold_readonly using (true);
    grant select, insert on shop.things to commonhold_app;
    grant update (name) on shop.things to commonhold_app;
    create table shop.logs (at timestamptz not null, line text) partition by range (at);
    create table shop.logs_rest partition of shop.logs default;`,
  '20260101_000000_shop_create_things.down': 'drop schema shop cascade; drop extension pg_trgm;',
}

type Change = [sql: string, object: string, found: Difference['found'], repair?: 'by hand']

const changes: Record<string, Change> = {
  'a column added': ['alter table shop.things add column extra int', 'column shop.things.extra', 'unexpected'],
  'a column dropped': ['alter table shop.logs drop column line', 'column shop.logs.line', 'missing'],
  'a column renamed': ['alter table shop.logs rename column line to text', 'column shop.logs.line', 'missing'],
  'a column retyped': [
    'alter table shop.things alter column maker_id type bigint',
    'column shop.things.maker_id',
    'changed',
  ],
  'a precision changed': [
    'alter table shop.makers alter column weight type numeric(12, 4)',
    'column shop.makers.weight',
    'changed',
  ],
  'a default changed': [
    `alter table shop.things alter column name set default 'x'`,
    'column shop.things.name',
    'changed',
  ],
  'a default dropped': [
    'alter table shop.things alter column tenant_id drop default',
    'column shop.things.tenant_id',
    'changed',
  ],
  'not null dropped': ['alter table shop.things alter column name drop not null', 'column shop.things.name', 'changed'],
  'not null added': ['alter table shop.things alter column price set not null', 'column shop.things.price', 'changed'],
  'a generated column made ordinary': [
    'alter table shop.things alter column twice drop expression',
    'column shop.things.twice',
    'changed',
    'by hand',
  ],
  'a check dropped': [
    'alter table shop.things drop constraint things_price_positive',
    'constraint shop.things.things_price_positive',
    'missing',
  ],
  'a check changed': [
    'alter table shop.things drop constraint things_price_positive, add constraint things_price_positive check (price > 1)',
    'constraint shop.things.things_price_positive',
    'changed',
  ],
  'a check not validated': [
    'alter table shop.things drop constraint things_price_positive, add constraint things_price_positive check (price > 0) not valid',
    'constraint shop.things.things_price_positive',
    'changed',
  ],
  'a unique dropped': [
    'alter table shop.things drop constraint things_name_unique',
    'constraint shop.things.things_name_unique',
    'missing',
  ],
  'a foreign key dropped': [
    'alter table shop.things drop constraint things_maker_id_fkey',
    'constraint shop.things.things_maker_id_fkey',
    'missing',
  ],
  'a foreign key that no longer cascades': [
    `alter table shop.things drop constraint things_maker_id_fkey,
      add constraint things_maker_id_fkey foreign key (tenant_id, maker_id) references shop.makers`,
    'constraint shop.things.things_maker_id_fkey',
    'changed',
  ],
  'an index dropped': ['drop index shop.things_maker_id', 'index shop.things_maker_id', 'missing'],
  'an index added': ['create index things_extra on shop.things (name)', 'index shop.things_extra', 'unexpected'],
  'an index changed': [
    'drop index shop.things_price; create index things_price on shop.things (price) where price > 20',
    'index shop.things_price',
    'changed',
  ],
  'statistics dropped': ['drop statistics shop.things_names', 'statistics shop.things_names', 'missing'],
  'a trigger dropped': ['drop trigger things_note on shop.things', 'trigger shop.things.things_note', 'missing'],
  'a trigger disabled': [
    'alter table shop.things disable trigger things_note',
    'trigger shop.things.things_note',
    'changed',
  ],
  'a function body changed': [
    `create or replace function shop.count_things() returns bigint language sql stable as 'select 0::bigint'`,
    'function shop.count_things()',
    'changed',
  ],
  'a function made security definer': [
    'alter function shop.count_things() security definer',
    'function shop.count_things()',
    'changed',
  ],
  'a function dropped': ['drop function shop.count_things()', 'function shop.count_things()', 'missing'],
  'execute taken from public': [
    'revoke execute on function shop.count_things() from public',
    'grant on function shop.count_things() to public',
    'unexpected',
  ],
  'a policy dropped': ['drop policy own on shop.things', 'policy shop.things.own', 'missing'],
  'a policy changed': ['alter policy own on shop.things using (true)', 'policy shop.things.own', 'changed'],
  'a policy for other roles': [
    'alter policy readable on shop.things to public',
    'policy shop.things.readable',
    'changed',
  ],
  'a policy added': ['create policy all_rows on shop.things using (true)', 'policy shop.things.all_rows', 'unexpected'],
  'row security disabled': [
    'alter table shop.things disable row level security',
    'row security of shop.things',
    'changed',
  ],
  'row security not forced': [
    'alter table shop.things no force row level security',
    'row security of shop.things',
    'changed',
  ],
  'a grant added': [
    'grant truncate on shop.things to commonhold_app',
    'grant on table shop.things to commonhold_app',
    'changed',
  ],
  'a grant to everybody': [
    'grant select on shop.things to public',
    'grant on table shop.things to public',
    'unexpected',
  ],
  'a grant revoked': [
    'revoke usage on schema shop from commonhold_app',
    'grant on schema shop to commonhold_app',
    'missing',
  ],
  'a column grant added': [
    'grant update (price) on shop.things to commonhold_app',
    'grant of columns of table shop.things to commonhold_app',
    'changed',
  ],
  'default privileges': [
    'alter default privileges for role commonhold_owner in schema shop grant select on tables to commonhold_app',
    'default privileges of commonhold_owner in schema shop for tables to commonhold_app',
    'unexpected',
  ],
  'a view changed': [
    'create or replace view shop.cheap with (security_invoker = true) as select id, name from shop.things',
    'view shop.cheap',
    'changed',
  ],
  'a view that is no longer its caller': [
    'alter view shop.cheap reset (security_invoker)',
    'view shop.cheap',
    'changed',
  ],
  'a comment changed': [`comment on table shop.things is 'Else'`, 'comment on table shop.things', 'changed'],
  'a comment removed': [
    'comment on column shop.things.price is null',
    'comment on column shop.things.price',
    'missing',
  ],
  'another owner': ['alter table shop.makers owner to commonhold_readonly', 'owner of table shop.makers', 'unexpected'],
  'a sequence changed': ['alter sequence shop.numbers increment by 10', 'sequence shop.numbers', 'changed'],
  'a sequence dropped': ['drop sequence shop.numbers', 'sequence shop.numbers', 'missing'],
  'an enum value added': [`alter type shop.size add value 'huge'`, 'type shop.size', 'changed', 'by hand'],
  'an extension dropped': ['drop extension pg_trgm', 'extension pg_trgm', 'missing'],
  'an extension added': ['create extension btree_gin', 'extension btree_gin', 'unexpected'],
  'a table added': ['create table shop.more (id int primary key, note text)', 'table shop.more', 'unexpected'],
  'a table dropped': ['drop table shop.logs', 'table shop.logs', 'missing', 'by hand'],
  'storage settings': ['alter table shop.things set (fillfactor = 50)', 'table shop.things', 'changed', 'by hand'],
  'a schema added': ['create schema more', 'schema more', 'unexpected'],
  'an event trigger': [
    `create function public.guard() returns event_trigger language plpgsql as 'begin end';
      create event trigger guard on ddl_command_end execute function public.guard()`,
    'event trigger guard',
    'unexpected',
  ],
}

test(`VS-14 drift finds each of ${Object.keys(changes).length} kinds of manual change by its object, and its repair takes it back`, async t => {
  const { admin, client } = await emptyTestDatabase(t)
  const folder = migrationFolder(t)
  folder.write(migrations)
  const options = { admin, directory: folder.directory, repeatableDirectory: folder.repeatableDirectory }
  await migrateDatabase(options)
  assert.deepEqual(await findDrift(options), [])
  const expected = await readCatalog(client)

  for (const [what, [sql, object, found, repair]] of Object.entries(changes)) {
    await client.query(sql)
    const differences = compareCatalogs(expected, await readCatalog(client))
    const told = differences.find(difference => difference.object === object)
    assert.equal(told?.found, found, `${what}: ${JSON.stringify(differences, null, 2)}`)
    if (repair === 'by hand') {
      await revertMigrations(options)
      await migrateDatabase(options)
    } else {
      // What was made by the administrator needs him to repair it; what is missing is the owner's again.
      for (const difference of differences) {
        const isMissing = difference.found === 'missing'
        await client.query(`${isMissing ? 'set role commonhold_owner;' : ''} ${difference.repair} ; reset role`)
      }
    }
    assert.deepEqual(compareCatalogs(expected, await readCatalog(client)), [], `after the repair of: ${what}`)
  }
})

test('VS-14 drift is told by replaying the migrations, for a database that has them all', async t => {
  const { admin, client } = await emptyTestDatabase(t)
  const folder = migrationFolder(t)
  folder.write(migrations)
  const options = { admin, directory: folder.directory, repeatableDirectory: folder.repeatableDirectory }
  await assert.rejects(findDrift(options), { code: 'migrations.not_current', kind: 'conflict' })
  await migrateDatabase(options)
  await client.query('alter table shop.things no force row level security')
  assert.deepEqual(await findDrift(options), [
    {
      object: 'row security of shop.things',
      found: 'changed',
      expectedSql:
        'alter table shop.things enable row level security;\nalter table shop.things force row level security;',
      foundSql: 'alter table shop.things enable row level security;',
      repair: 'alter table shop.things enable row level security;\nalter table shop.things force row level security;',
    },
  ])
  const { rows } = await client.query(`select from pg_database where datname like 'commonhold_replay_%'`)
  assert.equal(rows.length, 0)
})

test('VS-14 a condition that a dump brought into other brackets is no drift, one of another meaning is', async t => {
  const { admin, client } = await emptyTestDatabase(t)
  const folder = migrationFolder(t)
  folder.write({
    ...migrations,
    '20260102_000000_shop_check_things.up': `
      alter table shop.things
        add column isSold boolean not null default false,
        add constraint things_ids check (id between 1 and 1000 and (isSold or name <> '((a AND b) AND c)' or id > 2)),
        add constraint things_prices check ((price > 1 or isSold) and id > 0);`,
    '20260102_000000_shop_check_things.down': 'alter table shop.things drop column isSold;',
  })
  const options = { admin, directory: folder.directory, repeatableDirectory: folder.repeatableDirectory }
  await migrateDatabase(options)
  const expected = await readCatalog(client)
  const readAgain = async (change: (text: string) => string) => {
    for (const name of ['things_ids', 'things_prices']) {
      const asked = 'select pg_get_constraintdef(oid) as text from pg_constraint where conname = $1'
      const before = (await client.query(asked, [name])).rows[0].text
      await client.query(`alter table shop.things drop constraint ${name}, add constraint ${name} ${change(before)}`)
      if (name === 'things_ids')
        assert.notEqual((await client.query(asked, [name])).rows[0].text, before, 'control: it is written otherwise')
    }
    return compareCatalogs(expected, await readCatalog(client)).map(({ object }) => object)
  }
  assert.deepEqual(await readAgain(text => text), [])
  const regrouped = 'CHECK (((price > (1)::numeric) OR (issold AND (id > 0))))'
  assert.deepEqual(
    await readAgain(text => (text.includes('price') ? regrouped : text.replace('(a AND b)', 'a AND b'))),
    ['constraint shop.things.things_ids', 'constraint shop.things.things_prices'],
  )
})

test('GG-15 partitions that jobs make month by month are no drift, others are', async t => {
  const { admin, client } = await emptyTestDatabase(t)
  const folder = migrationFolder(t)
  folder.write(migrations)
  await migrateDatabase({ admin, directory: folder.directory, repeatableDirectory: folder.repeatableDirectory })
  const expected = await readCatalog(client)
  await client.query(`
    create table shop.logs_2026_01 partition of shop.logs for values from ('2026-01-01') to ('2026-02-01');
    create index on shop.logs_2026_01 (at);
    grant select on shop.logs_2026_01 to commonhold_app`)
  assert.deepEqual(compareCatalogs(expected, await readCatalog(client)), [])
  await client.query(
    `create table shop.logs_old partition of shop.logs for values from ('1999-01-01') to ('2000-01-01')`,
  )
  assert.deepEqual(
    compareCatalogs(expected, await readCatalog(client)).map(({ object, found }) => [object, found]),
    [['table shop.logs_old', 'unexpected']],
  )
})
