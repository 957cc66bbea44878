-- The four roles of an installation. Runs before the migrations, as an administrator, as often as one likes.
-- commonhold_owner     owns every object and migrates; nobody logs in as it
-- commonhold_app       what the program may do; its logins are members
-- commonhold_readonly  what a report may read; its logins are members
-- commonhold_guest     what somebody may do who has no account but a link; the program takes it on for his requests
do $$
declare
  role_name text;
begin
  foreach role_name in array array['commonhold_owner', 'commonhold_app', 'commonhold_readonly', 'commonhold_guest'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      begin
        execute format('create role %I nologin nosuperuser nocreatedb nocreaterole noreplication', role_name);
      exception
        -- roles belong to the server: another database's migration may have made it at this moment
        when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;
  if not pg_has_role(current_user, 'commonhold_owner', 'member') then
    execute format('grant commonhold_owner to %I', current_user);
  end if;
  -- Taken on by `set role` alone. Inherited, its row security would narrow what the program does for everybody.
  if not pg_has_role('commonhold_app', 'commonhold_guest', 'member') then
    if current_setting('server_version_num')::integer >= 160000 then
      execute 'grant commonhold_guest to commonhold_app with inherit false';
    else
      execute 'alter role commonhold_app noinherit';
      execute 'grant commonhold_guest to commonhold_app';
    end if;
  end if;
  if not has_database_privilege('commonhold_owner', current_database(), 'create') then
    execute format('grant create, temporary on database %I to commonhold_owner', current_database());
  end if;
  if has_database_privilege('public', current_database(), 'temporary') then
    execute format('revoke temporary on database %I from public', current_database());
  end if;
  -- Roles belong to the server: without this the program of one installation could open the database of another.
  -- Each login is granted its own database by name.
  if has_database_privilege('public', current_database(), 'connect') then
    execute format('revoke connect on database %I from public', current_database());
  end if;
  -- Large objects know no tenants.
  if (select rolsuper from pg_roles where rolname = current_user)
    and has_function_privilege('public', 'pg_catalog.lo_from_bytea(oid, bytea)', 'execute')
  then
    revoke execute on function
      pg_catalog.lo_creat(integer), pg_catalog.lo_create(oid), pg_catalog.lo_from_bytea(oid, bytea)
    from public;
  end if;
  if has_schema_privilege('public', 'public', 'create') then
    execute 'revoke create on schema public from public';
  end if;
end
$$;
