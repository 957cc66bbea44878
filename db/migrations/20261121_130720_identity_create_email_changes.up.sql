create table identity.email_changes (
  user_id uuid not null,
  session_id uuid,
  old_email text not null,
  new_email text not null,
  old_token_hash bytea not null,
  new_token_hash bytea not null,
  old_confirmed_at timestamptz,
  new_confirmed_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  constraint email_changes_pkey primary key (user_id),
  constraint email_changes_old_token_unique unique (old_token_hash),
  constraint email_changes_new_token_unique unique (new_token_hash),
  constraint email_changes_to_another check (old_email <> new_email),
  constraint email_changes_new_email_length check (length(new_email) between 3 and 255),
  constraint email_changes_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade,
  constraint email_changes_session_id_fkey foreign key (session_id) references identity.user_sessions (id) on delete set null
);
comment on table identity.email_changes is
  'The address that a user wants to have: it becomes his once the links in the mails to the old and the new one were both used (MT-08)';
comment on column identity.email_changes.session_id is 'Where it was asked for: that session stays when the change ends the others';
comment on column identity.email_changes.old_token_hash is 'Of the link in the mail to the old address (VS-02)';
comment on column identity.email_changes.new_token_hash is
  'Of the link in the mail to the new address; where that belongs to another account, nobody was sent it';
create index email_changes_session_id_idx on identity.email_changes (session_id) where session_id is not null;
create index email_changes_expires_at_idx on identity.email_changes (expires_at);

alter table identity.email_changes enable row level security;
alter table identity.email_changes force row level security;
create policy email_changes_own on identity.email_changes
  for select
  using (user_id = (select platform.current_user_id()));
create policy email_changes_system on identity.email_changes
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on identity.email_changes to commonhold_app;
grant update (
  session_id, old_email, new_email, old_token_hash, new_token_hash, old_confirmed_at, new_confirmed_at, created_at, expires_at
) on identity.email_changes to commonhold_app;
