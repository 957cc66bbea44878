-- Null by nobody's will: who moves entries from another server leaves it out. What is there has one value, stored once.
alter table audit.audit_logs
  add column written_in bigint default pg_current_xact_id()::text::bigint;
comment on column audit.audit_logs.written_in is
  'The transaction that wrote the entry, on this server; the sealer finds by it what is new. Not sealed itself';
-- The sealer looks at the newest end alone.
-- squawk-ignore require-concurrent-index-creation -- a partitioned table takes no other
create index audit_logs_written on audit.audit_logs (written_in);

-- Sealing reads the entries of all tenants, as the owner, whom nobody can become through the program.
do $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree('audit.audit_logs'::regclass) loop
    execute format('create policy owner_reads on %s for select to commonhold_owner using (true)', part);
  end loop;
end
$$;

create function audit.entry_content(entry audit.audit_logs)
returns text
language sql
stable
return pg_catalog.json_build_array(
  entry.tenant_id,
  entry.id,
  pg_catalog.to_char(entry.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  entry.user_id,
  entry.action,
  entry.resource,
  entry.resource_id,
  entry.changes,
  entry.details,
  entry.request_id
)::text;
comment on function audit.entry_content(audit.audit_logs) is
  'The text of an entry that is sealed, save for what is personal: docs/audit.md. Never changed, else no seal fits';

create function audit.entry_person(entry audit.audit_logs)
returns text
language sql
stable
return pg_catalog.json_build_array(entry.user_name, entry.ip_address::text, entry.user_agent)::text;
comment on function audit.entry_person(audit.audit_logs) is
  'The personal part of an entry that is sealed, hashed apart: a proof may leave it out';

create function audit.entry_leaf(entry audit.audit_logs)
returns bytea
language sql
stable
return pg_catalog.sha256(
  '\x00'::bytea
  || pg_catalog.sha256(pg_catalog.convert_to(audit.entry_content(entry), 'UTF8'))
  || pg_catalog.sha256(pg_catalog.convert_to(audit.entry_person(entry), 'UTF8'))
);
comment on function audit.entry_leaf(audit.audit_logs) is 'The leaf of an entry in its tenant''s tree (RFC 6962): 0x00, hash of the content, hash of the personal part';

create table audit.sealing (
  only_row boolean not null default true,
  log_id uuid not null default gen_random_uuid(),
  sealed pg_snapshot not null default '1:1:',
  target pg_snapshot,
  done_written_in bigint,
  done_created_at timestamptz,
  done_id uuid,
  round bigint not null default 0,
  sealed_at timestamptz,
  constraint sealing_pkey primary key (only_row),
  constraint sealing_one_row check (only_row)
);
comment on table audit.sealing is 'How far the log of this database is sealed. Whoever seals holds its row: one at a time over all servers';
comment on column audit.sealing.log_id is 'Names the log of this database in its checkpoints';
comment on column audit.sealing.sealed is 'What this snapshot sees is sealed; what a later one sees beyond is new, however late its transaction ended';
comment on column audit.sealing.target is 'While a backlog is sealed in portions: the snapshot it is sealed up to, null otherwise; done_… is the last entry of it';
comment on column audit.sealing.round is 'Counts the portions';
insert into audit.sealing default values;
grant select on audit.sealing to commonhold_app, commonhold_readonly;

create table audit.seals (
  tenant_id uuid not null,
  first_position bigint not null,
  round bigint not null,
  entries integer not null,
  leaves bytea not null,
  keys bytea not null,
  constraint seals_pkey primary key (tenant_id, first_position),
  constraint seals_whole check (
    entries between 1 and 1024 and octet_length(leaves) = entries * 32 and octet_length(keys) = entries * 24
  )
);
comment on table audit.seals is
  'Runs of entries with their positions, which are dense in each tenant from 0 on: first_position, first_position + 1 …';
comment on column audit.seals.leaves is 'The leaf of each entry, 32 bytes';
comment on column audit.seals.keys is 'Which entries: of each its id, 16 bytes, and created_at in microseconds since 1970, 8 bytes';
create index seals_round on audit.seals (round);

create table audit.trees (
  tenant_id uuid not null,
  size bigint not null,
  root bytea not null,
  peaks bytea not null,
  checkpointed_size bigint not null default 0,
  constraint trees_pkey primary key (tenant_id)
) with (fillfactor = 70);
comment on table audit.trees is 'The Merkle tree (RFC 6962) over each tenant''s sealed entries, as it is now';
comment on column audit.trees.peaks is 'Roots of the complete subtrees that make up the tree, largest first: all that is needed to append';
comment on column audit.trees.checkpointed_size is 'The size that the newest checkpoint holds';

create table audit.nodes (
  tenant_id uuid not null,
  level smallint not null,
  position bigint not null,
  hash bytea not null,
  constraint nodes_pkey primary key (tenant_id, level, position),
  constraint nodes_level_kept check (level > 0 and level % 8 = 0)
);
comment on table audit.nodes is
  'Of each tenant''s tree the roots of complete subtrees of 2^8, 2^16 … leaves: a proof reads at most 256 of each level';

create table audit.checkpoints (
  number bigint not null,
  created_at timestamptz not null,
  round bigint not null,
  snapshot pg_snapshot not null,
  signed text not null,
  constraint checkpoints_pkey primary key (number)
);
comment on table audit.checkpoints is
  'Signed statements of how the log was. The same are kept outside of the database, in the checkpoint folder';
comment on column audit.checkpoints.number is 'Dense, except where the database was restored to an earlier state: then it goes on after what is known outside';
comment on column audit.checkpoints.round is 'Seals up to this round are in it';
comment on column audit.checkpoints.snapshot is 'What this snapshot does not see was sealed later';
comment on column audit.checkpoints.signed is 'JWS (RFC 7515, Ed25519) with the public key in its header: docs/audit.md';
grant select on audit.checkpoints to commonhold_app, commonhold_readonly;

create table audit.checkpoint_trees (
  tenant_id uuid not null,
  number bigint not null,
  size bigint not null,
  root bytea not null,
  constraint checkpoint_trees_pkey primary key (tenant_id, number),
  constraint checkpoint_trees_checkpoint foreign key (number) references audit.checkpoints (number) on delete cascade
);
comment on table audit.checkpoint_trees is 'The trees that grew between a checkpoint and the one before';
create index checkpoint_trees_number on audit.checkpoint_trees (number);

create table audit.checkpoint_deliveries (
  destination text not null,
  number bigint not null,
  delivered_at timestamptz,
  failures integer not null default 0,
  last_error text,
  next_at timestamptz not null default now(),
  constraint checkpoint_deliveries_pkey primary key (destination)
);
comment on table audit.checkpoint_deliveries is 'Up to which checkpoint each place outside has been told, and what went wrong there last';
grant select on audit.checkpoint_deliveries to commonhold_readonly;
grant select, insert, update on audit.checkpoint_deliveries to commonhold_app;

create table audit.verifications (
  id uuid not null default gen_random_uuid(),
  began_at timestamptz not null default now(),
  ended_at timestamptz,
  checkpoint bigint,
  entries bigint not null default 0,
  is_sound boolean,
  result jsonb,
  constraint verifications_pkey primary key (id)
);
comment on table audit.verifications is 'Runs of audit verify and what they found';
comment on column audit.verifications.checkpoint is 'The newest checkpoint that was verified';
create index verifications_began on audit.verifications (began_at);
grant select on audit.verifications to commonhold_app, commonhold_readonly;
grant insert (id, began_at, ended_at, checkpoint, entries, is_sound, result), update (ended_at, checkpoint, entries, is_sound, result)
  on audit.verifications to commonhold_app;

do $$
declare
  name text;
begin
  foreach name in array array['seals', 'trees', 'nodes', 'checkpoint_trees'] loop
    execute format('alter table audit.%I enable row level security', name);
    execute format('alter table audit.%I force row level security', name);
    execute format(
      'create policy tenant_isolation on audit.%I for select using (tenant_id = (select nullif(current_setting(''app.tenant_id'', true), '''')::uuid))',
      name
    );
    execute format('create policy owner_seals on audit.%I to commonhold_owner using (true) with check (true)', name);
    execute format('grant select on audit.%I to commonhold_app, commonhold_readonly', name);
  end loop;
end
$$;

create function audit.seal_entries(most integer)
returns table (tenant_id uuid, first_position bigint, leaves bytea, size bigint, peaks bytea)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  state audit.sealing;
  low bigint;
begin
  if most not between 1 and 1000000 then
    raise exception 'most must be 1 to 1000000, not %', most using errcode = '22023';
  end if;
  -- Without a lock first: where nothing is new, nothing is written.
  select * into strict state from audit.sealing;
  if state.target is null
    and not exists (select from audit.audit_logs as new where new.written_in >= pg_snapshot_xmax(state.sealed)::text::bigint)
    and not exists (
      select
      from audit.audit_logs as late
      where late.written_in = any (array(select id::text::bigint from pg_snapshot_xip(state.sealed) as id))
    )
  then
    return;
  end if;
  select * into state from audit.sealing for update skip locked;
  if not found then
    return;
  end if;
  low := coalesce(state.done_written_in, 0);
  -- One statement, so that what it sees and what it notes as seen are the same.
  return query
  with now_seen as materialized (
    select coalesce(state.target, pg_current_snapshot()) as snapshot
  ),
  fresh as materialized (
    select candidate.*
    from (
      (
        select late.written_in, late.tenant_id, late.created_at, late.id, audit.entry_leaf(late) as leaf
        from audit.audit_logs as late
        where late.written_in = any (array(select id::text::bigint from pg_snapshot_xip(state.sealed) as id))
          and late.written_in >= low
          and (state.target is null or (
            (late.written_in, late.created_at, late.id) > (state.done_written_in, state.done_created_at, state.done_id)
            and pg_visible_in_snapshot(late.written_in::text::xid8, state.target)
          ))
        order by late.written_in, late.created_at, late.id
        limit most
      )
      union all
      (
        select new.written_in, new.tenant_id, new.created_at, new.id, audit.entry_leaf(new) as leaf
        from audit.audit_logs as new
        where new.written_in >= pg_snapshot_xmax(state.sealed)::text::bigint
          and new.written_in >= low
          and (state.target is null or (
            (new.written_in, new.created_at, new.id) > (state.done_written_in, state.done_created_at, state.done_id)
            and pg_visible_in_snapshot(new.written_in::text::xid8, state.target)
          ))
        order by new.written_in, new.created_at, new.id
        limit most
      )
    ) as candidate
    order by candidate.written_in, candidate.created_at, candidate.id
    limit most
  ),
  numbered as (
    select fresh.*, row_number() over (partition by fresh.tenant_id order by written_in, created_at, id) - 1 as step
    from fresh
  ),
  runs as (
    select
      numbered.tenant_id,
      coalesce(tree.size, 0) + min(step) as first_position,
      count(*)::integer as entries,
      string_agg(leaf, '' order by step) as leaves,
      string_agg(uuid_send(id) || int8send((extract(epoch from created_at) * 1000000)::bigint), '' order by step) as keys,
      coalesce(tree.size, 0) as size,
      coalesce(tree.peaks, '') as peaks
    from numbered
    left join audit.trees as tree on tree.tenant_id = numbered.tenant_id
    group by numbered.tenant_id, step / 1024, tree.size, tree.peaks
  ),
  sealed as (
    insert into audit.seals (tenant_id, first_position, round, entries, leaves, keys)
    select runs.tenant_id, runs.first_position, state.round + 1, runs.entries, runs.leaves, runs.keys
    from runs
    order by runs.tenant_id, runs.first_position
  ),
  last_one as (
    select written_in, created_at, id from fresh order by written_in desc, created_at desc, id desc limit 1
  ),
  amount as (
    select count(*) as entries from fresh
  ),
  noted as (
    update audit.sealing
    set
      sealed = case when amount.entries < most then now_seen.snapshot else sealing.sealed end,
      target = case when amount.entries < most then null else now_seen.snapshot end,
      done_written_in = case when amount.entries < most then null else (select written_in from last_one) end,
      done_created_at = case when amount.entries < most then null else (select created_at from last_one) end,
      done_id = case when amount.entries < most then null else (select id from last_one) end,
      round = sealing.round + least(amount.entries, 1),
      sealed_at = clock_timestamp()
    from now_seen, amount
    where amount.entries > 0
      or sealing.target is not null
  )
  select runs.tenant_id, runs.first_position, runs.leaves, runs.size, runs.peaks
  from runs
  order by runs.tenant_id, runs.first_position;
end
$$;
comment on function audit.seal_entries(integer) is
  'Gives new entries their positions, at most so many, and returns their leaves with the trees that they go into: the caller hands the grown trees to grow_trees in the same transaction. Nothing while another one seals';
revoke execute on function audit.seal_entries(integer) from public;
grant execute on function audit.seal_entries(integer) to commonhold_app;

create function audit.grow_trees(
  tenants uuid[], sizes bigint[], roots bytea[], peaks bytea[],
  node_tenants uuid[], node_levels smallint[], node_positions bigint[], node_hashes bytea[]
)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into audit.trees as tree (tenant_id, size, root, peaks)
  select * from unnest(tenants, sizes, roots, peaks)
  on conflict (tenant_id) do update
  set size = excluded.size, root = excluded.root, peaks = excluded.peaks
  where tree.size < excluded.size;
  insert into audit.nodes (tenant_id, level, position, hash)
  select * from unnest(node_tenants, node_levels, node_positions, node_hashes);
$$;
comment on function audit.grow_trees(uuid[], bigint[], bytea[], bytea[], uuid[], smallint[], bigint[], bytea[]) is
  'Notes the trees as they are with the leaves that seal_entries has given';
revoke execute on function audit.grow_trees(uuid[], bigint[], bytea[], bytea[], uuid[], smallint[], bigint[], bytea[]) from public;
grant execute on function audit.grow_trees(uuid[], bigint[], bytea[], bytea[], uuid[], smallint[], bigint[], bytea[]) to commonhold_app;

create function audit.begin_checkpoint()
returns table (log_id uuid, last_number bigint, last_signed text, is_due boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select
    sealing.log_id,
    newest.number,
    newest.signed,
    sealing.target is null and exists (select from audit.trees where size <> checkpointed_size)
  from (select from audit.sealing for update skip locked) as held
  cross join audit.sealing
  left join lateral (select number, signed from audit.checkpoints order by number desc limit 1) as newest on true;
end
$$;
comment on function audit.begin_checkpoint() is
  'Holds the sealing until the end of the transaction, and tells what the next checkpoint follows; nothing while another one holds it';
revoke execute on function audit.begin_checkpoint() from public;
grant execute on function audit.begin_checkpoint() to commonhold_app;

create function audit.list_trees()
returns table (tenant_id uuid, size bigint, root bytea, is_grown boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select tenant_id, size, root, size <> checkpointed_size
  from audit.trees
  order by tenant_id
$$;
comment on function audit.list_trees() is 'Size and root of every tenant''s tree, which a checkpoint is made over';
revoke execute on function audit.list_trees() from public;
grant execute on function audit.list_trees() to commonhold_app;

create function audit.append_checkpoint(number bigint, created_at timestamptz, signed text)
returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into audit.checkpoints (number, created_at, round, snapshot, signed)
  select append_checkpoint.number, append_checkpoint.created_at, sealing.round, sealing.sealed, append_checkpoint.signed
  from audit.sealing;
  with grown as (
    update audit.trees
    set checkpointed_size = size
    where size <> checkpointed_size
    returning tenant_id, size, root
  )
  insert into audit.checkpoint_trees (tenant_id, number, size, root)
  select grown.tenant_id, append_checkpoint.number, grown.size, grown.root
  from grown;
$$;
comment on function audit.append_checkpoint(bigint, timestamptz, text) is
  'Appends the checkpoint over the trees as they are, in the transaction of begin_checkpoint';
revoke execute on function audit.append_checkpoint(bigint, timestamptz, text) from public;
grant execute on function audit.append_checkpoint(bigint, timestamptz, text) to commonhold_app;

create function audit.checkpoint_leaves(up_to bigint)
returns table (tenant_id uuid, size bigint, root bytea)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select distinct on (tenant_id) tenant_id, size, root
  from audit.checkpoint_trees
  where number <= up_to
  order by tenant_id, number desc
$$;
comment on function audit.checkpoint_leaves(bigint) is 'Every tenant''s tree as the checkpoint of that number holds it: a proof needs the hashes beside its own';
revoke execute on function audit.checkpoint_leaves(bigint) from public;
grant execute on function audit.checkpoint_leaves(bigint) to commonhold_app;

create function audit.seal_lag()
returns double precision
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(extract(epoch from clock_timestamp() - min(entry.created_at)), 0)
  from audit.sealing as state
  cross join lateral (
    select created_at
    from audit.audit_logs
    where written_in >= pg_snapshot_xmax(state.sealed)::text::bigint
    order by written_in
    limit 100
  ) as entry
$$;
comment on function audit.seal_lag() is 'Age in seconds of the oldest entry that is not sealed yet, 0 where all are';
revoke execute on function audit.seal_lag() from public;
grant execute on function audit.seal_lag() to commonhold_app;

create function audit.checkpoints_after(after bigint, most integer)
returns table (number bigint, signed text, trees json)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    checkpoint.number,
    checkpoint.signed,
    (
      select coalesce(
        json_agg(json_build_array(tree.tenant_id, tree.size, encode(tree.root, 'hex')) order by tree.tenant_id),
        '[]'
      )
      from audit.checkpoint_trees as tree
      where tree.number = checkpoint.number
    )
  from audit.checkpoints as checkpoint
  where checkpoint.number > after
  order by checkpoint.number
  limit most
$$;
comment on function audit.checkpoints_after(bigint, integer) is 'Checkpoints as they are kept outside: with the trees that grew until each';
revoke execute on function audit.checkpoints_after(bigint, integer) from public;
grant execute on function audit.checkpoints_after(bigint, integer) to commonhold_app;
