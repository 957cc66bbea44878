create function identity.open_user_import()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  create temporary table user_import_rows (
    line integer not null,
    id uuid not null,
    email text not null,
    full_name text,
    username text,
    password_hash text,
    is_email_verified boolean not null,
    timezone text not null,
    language text not null,
    status text not null,
    user_id uuid,
    problem text
  );
  grant select, insert, update, delete on pg_temp.user_import_rows to commonhold_app;
end
$$;
comment on function identity.open_user_import() is
  'Makes the staging table user_import_rows of this session; it goes with its connection, so a killed import leaves nothing';
revoke execute on function identity.open_user_import() from public;
grant execute on function identity.open_user_import() to commonhold_app;
