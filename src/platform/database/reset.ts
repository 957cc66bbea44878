import type pg from 'pg'
import { connectAs } from './migrator.ts'

/** Removes every schema, extension and large object of a database, data and all, as after `create database`. */
export async function emptyDatabase(admin: pg.ClientConfig): Promise<void> {
  const client = await connectAs(admin)
  try {
    await client.query(`
      do $$
      declare
        command text;
      begin
        set local client_min_messages = warning;
        for command in
          select format('drop event trigger %I', evtname) from pg_event_trigger
          union all
          select format('drop extension %I cascade', extname) from pg_extension where extname <> 'plpgsql'
          union all
          select format('drop schema %I cascade', nspname)
          from pg_namespace
          where nspname !~ '^pg_' and nspname <> 'information_schema'
        loop
          execute command;
        end loop;
        perform lo_unlink(oid) from pg_largeobject_metadata;
        create schema public authorization pg_database_owner;
        grant usage on schema public to public;
        comment on schema public is 'standard public schema';
      end
      $$`)
  } finally {
    await client.end()
  }
}
