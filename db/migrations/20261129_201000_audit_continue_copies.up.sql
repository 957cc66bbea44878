-- A dump that is read into another server brings the numbers of transactions along by which the sealer finds what is new. Where they are
-- ahead of that server's own nothing is new to it any more. audit.continue_copy() has the numbers of this server follow those of the dump.
alter table audit.sealing add column shift bigint not null default 0;
comment on column audit.sealing.shift is
  'What is added to the numbers of this server''s transactions, so that they follow those that came with a dump: audit.continue_copy';

create table audit.continued_copies (
  continued_at timestamptz not null,
  shift bigint not null,
  signed text not null,
  constraint continued_copies_pkey primary key (continued_at)
);
comment on table audit.continued_copies is
  'That this database is a dump of another one and its log goes on from there, as an administrator has said: audit continue-copy';
comment on column audit.continued_copies.signed is
  'JWS with the installation''s key: the newest checkpoint that came with the dump, the shift, who said so, when and why';
grant select on audit.continued_copies to commonhold_app, commonhold_readonly;

create function audit.shift_snapshot(snapshot pg_snapshot, shift bigint)
returns pg_snapshot
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when shift = 0 then snapshot
    else format(
      '%s:%s:%s',
      pg_snapshot_xmin(snapshot)::text::bigint + shift,
      pg_snapshot_xmax(snapshot)::text::bigint + shift,
      (
        select string_agg((id::text::bigint + shift)::text, ',' order by id::text::bigint)
        from pg_snapshot_xip(snapshot) as id
      )
    )::pg_snapshot
  end
$$;
comment on function audit.shift_snapshot(pg_snapshot, bigint) is 'The same snapshot with all its numbers higher by that';
revoke execute on function audit.shift_snapshot(pg_snapshot, bigint) from public;

create function audit.continue_copy()
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  state audit.sealing;
  here pg_snapshot;
  next_here bigint;
  next_known bigint;
  lowest bigint;
  higher bigint;
begin
  -- Whoever writes ends first, and whoever comes later has the new default.
  lock table audit.audit_logs in access exclusive mode;
  select * into strict state from audit.sealing for update;
  here := pg_current_snapshot();
  next_here := pg_snapshot_xmax(here)::text::bigint + state.shift;
  next_known := greatest(
    pg_snapshot_xmax(state.sealed)::text::bigint,
    pg_snapshot_xmax(state.target)::text::bigint,
    (select max(written_in) from audit.audit_logs) + 1
  );
  if next_known <= next_here then
    return null;
  end if;
  -- What was written here since the dump was read: it has numbers of this server, and is not sealed.
  select min(written_in) - state.shift into lowest
  from audit.audit_logs
  where written_in < next_here
    and created_at > state.sealed_at;
  higher := next_known - least(lowest, pg_snapshot_xmin(here)::text::bigint);
  insert into audit.erasing_transactions (id) values (pg_current_xact_id());
  update audit.audit_logs
  set written_in = written_in + higher - state.shift
  where written_in < next_here
    and created_at > state.sealed_at;
  delete from audit.erasing_transactions where id = pg_current_xact_id();
  update audit.sealing set shift = higher;
  execute format('alter table audit.audit_logs alter column written_in set default txid_current() + %s', higher);
  return higher;
end
$$;
comment on function audit.continue_copy() is
  'Of a dump that was read into another server: has the numbers of transactions follow those of the dump, so that its log is sealed again. Returns by how much; null where there is nothing to do. For the owner';
revoke execute on function audit.continue_copy() from public;

-- As before, but for audit.shift_snapshot, and that nothing is sealed while the numbers here are behind those of the seals,
-- or of an entry that came unsealed: sealed too early it would be new once more.
create or replace function audit.seal_entries(most integer)
returns table(tenant_id uuid, first_position bigint, leaves bytea, size bigint, peaks bytea)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
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
  -- Of a dump in a server that is behind: what it brought along would be new with the next round, and get second positions.
  if pg_snapshot_xmax(state.sealed) > pg_snapshot_xmax(audit.shift_snapshot(pg_current_snapshot(), state.shift))
    or exists (
      select
      from audit.audit_logs as ahead
      where ahead.written_in >= pg_snapshot_xmax(audit.shift_snapshot(pg_current_snapshot(), state.shift))::text::bigint
    )
  then
    return;
  end if;
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
    select coalesce(state.target, audit.shift_snapshot(pg_current_snapshot(), state.shift)) as snapshot
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
