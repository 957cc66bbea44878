import { type Statements, sql } from '#platform/database'

/** `object` is the table, trigger or role that it is about, `message` a sentence without its end, `advice` what to do. */
export type GuardFault = { object: string; message: string; advice: string }

/** What lets changes pass the log by, or entries be changed before they are sealed: the seals tell of neither. */
export async function findGuardFaults(tx: Statements): Promise<GuardFault[]> {
  return await tx.run(sql<GuardFault>`
    select
      log.relid::text as object,
      format('The trigger append_only of %s is gone, disabled or another one: its entries can be changed', log.relid) as message,
      format('Find out who did it, and: alter table %s enable always trigger append_only; where it is gone, commonhold db drift tells what it was.', log.relid) as advice
    from unnest(array['audit.audit_logs', 'audit.security_audit_logs']) as root
    cross join lateral pg_partition_tree(root::regclass) as log
    where not exists (
      select
      from pg_trigger t
      where t.tgrelid = log.relid
        and t.tgname = 'append_only'
        and t.tgenabled = 'A'
        and t.tgfoid = 'audit.refuse_change()'::regprocedure
        and t.tgqual is null
        -- Bits of tgtype: row 1, before 2, insert 4, delete 8, update 16, truncate 32.
        and t.tgtype = 2 + 8 + 16 + 32
    )

    union all
    select
      c.oid::regclass::text || '.' || added.name,
      format('The %s %s of %s is none of ours: by it entries can be left out or altered before they are sealed', added.kind, added.name, c.oid::regclass),
      format('Find out who made it, and: drop %s %I on %s;', added.kind, added.name, c.oid::regclass)
    from pg_class c
    cross join lateral (
      select 'trigger' as kind, t.tgname as name
      from pg_trigger t
      where t.tgrelid = c.oid
        and not t.tgisinternal
        and t.tgfoid <> all (array[
          'audit.refuse_change()', 'platform.note_move_changes()', 'platform.await_move_turn()'
        ]::regprocedure[])
      union all
      select 'rule', r.rulename
      from pg_rewrite r
      where r.ev_class = c.oid
        and r.ev_type <> '1'
    ) as added
    where c.relnamespace = 'audit'::regnamespace
      and c.relkind in ('r', 'p')

    union all
    select
      t.tgrelid::regclass::text || '.' || t.tgname,
      format('The trigger %s of %s has a condition, or does not fire as it was made: not every change is logged', t.tgname, t.tgrelid::regclass),
      format('Find out who made it, and call audit.track of %s again, in a migration.', t.tgrelid::regclass)
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    where t.tgname in ('audit_insert', 'audit_update', 'audit_delete', 'audit_truncate')
      and (
        t.tgqual is not null
        or cardinality(t.tgattr::int2[]) > 0
        or t.tgtype <> case t.tgname
          when 'audit_insert' then 4
          when 'audit_delete' then 8
          when 'audit_truncate' then 2 + 32
          -- As audit.track makes it: for each row, but of a partitioned table for the statement.
          else 16 + case when c.relkind = 'p' or c.relispartition then 0 else 1 end
        end
      )

    union all
    select
      each.place,
      format('session_replication_role is %s for %s: triggers do nothing, and no change is logged', each.value, each.place),
      each.undo
    from (
      select
        case
          when s.setrole <> 0 then s.setrole::regrole::text
          when s.setdatabase = 0 then 'all roles'
          else 'the database'
        end as place,
        split_part(setting, '=', 2) as value,
        case
          when s.setrole <> 0 and s.setdatabase = 0 then format('alter role %s reset session_replication_role;', s.setrole::regrole)
          when s.setrole <> 0 then format('alter role %s in database %I reset session_replication_role;', s.setrole::regrole, current_database())
          when s.setdatabase = 0 then 'alter role all reset session_replication_role;'
          else format('alter database %I reset session_replication_role;', current_database())
        end as undo
      from pg_db_role_setting s
      cross join unnest(s.setconfig) as setting
      where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        and setting like 'session_replication_role=%'
      union all
      select
        case source when 'client' then 'this connection' else 'the server' end,
        setting,
        case source
          when 'client' then 'Take it out of the options of the connection: its URL, or PGOPTIONS.'
          when 'configuration file' then 'alter system reset session_replication_role; take it out of the files of the configuration too where it is in one; select pg_reload_conf();'
          else 'Take it out of the command or the environment that starts the server, and start it again.'
        end
      from pg_settings
      where name = 'session_replication_role'
        -- These are what was named above, and what this program sets for itself.
        and source not in ('default', 'global', 'database', 'user', 'database user', 'session')
    ) as each
    -- With local, triggers fire as with origin. The value is kept as somebody wrote it, also in capitals.
    where lower(each.value) = 'replica'

    union all
    select
      'audit.sealing',
      format('The log goes up to transaction %s, and this server is at %s only: no entry is sealed any more', sealed.at, here.at),
      'If a dump was read into this server, say so, and it goes on from there: commonhold audit continue-copy --reason TEXT. If not, somebody has written to audit.sealing: commonhold audit verify names what was not sealed, restore a backup aside and compare.'
    from audit.sealing as state
    cross join lateral (
      select greatest(
        pg_snapshot_xmax(state.sealed)::text::bigint,
        (select max(written_in) + 1 from audit.audit_logs)
      ) as at
    ) as sealed
    cross join lateral (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint + state.shift as at) as here
    where sealed.at > here.at

    union all
    select
      d.adrelid::regclass::text || '.written_in',
      format('Entries of %s are numbered otherwise than audit.sealing says: they are not sealed, or not all', d.adrelid::regclass),
      format('Find out who did it, and: alter table %s alter column written_in set default txid_current()%s;', d.adrelid::regclass, case when state.shift <> 0 then ' + ' || state.shift end)
    from audit.sealing as state
    cross join pg_partition_tree('audit.audit_logs') as log
    join pg_attribute a on a.attrelid = log.relid and a.attname = 'written_in'
    join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where regexp_replace(pg_get_expr(d.adbin, d.adrelid), $$[()']|::bigint$$, '', 'g')
      <> 'txid_current' || case when state.shift = 0 then '' else ' + ' || state.shift end
    order by 1`)
}
