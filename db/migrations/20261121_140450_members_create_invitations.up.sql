create table members.invitations (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  email text not null,
  token_hash bytea,
  status text not null default 'pending',
  cancelled_at timestamptz,
  cancelled_by uuid,
  accepted_at timestamptz,
  accepted_by uuid,
  expires_at timestamptz not null default now() + interval '7 days',
  membership_expires_at timestamptz,
  invited_by_id uuid,
  sent_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint invitations_pkey primary key (tenant_id, id),
  constraint invitations_email_length check (length(email) between 3 and 255),
  constraint invitations_email_lower_case check (email = lower(email)),
  constraint invitations_status_known check (status in ('pending', 'accepted', 'expired', 'cancelled')),
  constraint invitations_cancelled_has_time check ((status = 'cancelled') = (cancelled_at is not null)),
  constraint invitations_accepted_has_time check ((status = 'accepted') = (accepted_at is not null)),
  constraint invitations_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint invitations_cancelled_by_fkey foreign key (cancelled_by) references identity.users (id) on delete set null,
  constraint invitations_accepted_by_fkey foreign key (accepted_by) references identity.users (id) on delete set null,
  constraint invitations_invited_by_id_fkey foreign key (invited_by_id) references identity.users (id) on delete set null
);
comment on table members.invitations is
  'Somebody is asked by mail to work in a tenant; the link in the mail works once, for the address that it went to (MT-18)';
comment on column members.invitations.token_hash is 'SHA-256 of the secret of the newest mail''s link (VS-02); null until that goes, and once it is used';
comment on column members.invitations.membership_expires_at is 'When the membership is to end that comes of it; null for no end';
create unique index invitations_one_pending on members.invitations (tenant_id, email) where status = 'pending';
create index invitations_created_idx on members.invitations (tenant_id, created_at desc, id desc);
create index invitations_email_idx on members.invitations (email);
create index invitations_token_hash_idx on members.invitations (token_hash) where token_hash is not null;
create index invitations_expires_at_idx on members.invitations (expires_at) where status = 'pending';
create index invitations_cancelled_by_idx on members.invitations (cancelled_by) where cancelled_by is not null;
create index invitations_accepted_by_idx on members.invitations (accepted_by) where accepted_by is not null;
create index invitations_invited_by_id_idx on members.invitations (invited_by_id) where invited_by_id is not null;
select platform.keep_updated_at('members.invitations');
select platform.isolate('members.invitations');
-- Who shows a link, or looks for what his address was asked to, is in no tenant yet.
create policy invitations_system on members.invitations
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on members.invitations to commonhold_app;
grant update (
  token_hash, status, cancelled_at, cancelled_by, accepted_at, accepted_by, expires_at, sent_at, invited_by_id
) on members.invitations to commonhold_app;
grant select (
  tenant_id, id, email, status, cancelled_at, cancelled_by, accepted_at, accepted_by, expires_at, membership_expires_at,
  invited_by_id, sent_at, created_at, updated_at
) on members.invitations to commonhold_readonly;
select audit.track('members.invitations', redact => '{token_hash}', ignore => '{updated_at,sent_at}', context => '{email}');

create table members.invitation_roles (
  tenant_id uuid not null,
  invitation_id uuid not null,
  role_id uuid not null,
  constraint invitation_roles_pkey primary key (tenant_id, invitation_id, role_id),
  constraint invitation_roles_invitation_id_fkey foreign key (tenant_id, invitation_id)
    references members.invitations (tenant_id, id) on delete cascade,
  constraint invitation_roles_role_id_fkey foreign key (tenant_id, role_id)
    references access.roles (tenant_id, id) on delete cascade
);
comment on table members.invitation_roles is 'The roles that somebody gets who accepts';
create index invitation_roles_role_id_idx on members.invitation_roles (tenant_id, role_id);
select platform.isolate('members.invitation_roles');
create policy invitation_roles_system on members.invitation_roles for select using ((select platform.is_system()));
grant select, insert, delete on members.invitation_roles to commonhold_app;
grant select on members.invitation_roles to commonhold_readonly;
select audit.track('members.invitation_roles');

create function members.guard_invited_role()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform access.require_held(new.tenant_id, array[new.role_id], '{}');
  return new;
end
$$;
comment on function members.guard_invited_role() is 'MT-20: nobody invites to more than he holds himself';
revoke execute on function members.guard_invited_role() from public;
create trigger guard_invited_role before insert on members.invitation_roles
  for each row execute function members.guard_invited_role();

create function members.describe_invitations(only_id uuid)
returns table (
  id uuid,
  email text,
  status text,
  roles json,
  invited_by_name text,
  cancelled_by_name text,
  expires_at timestamptz,
  membership_expires_at timestamptz,
  sent_at timestamptz,
  accepted_at timestamptz,
  cancelled_at timestamptz,
  created_at timestamptz
)
language sql
stable
begin atomic
  select
    invitation.id,
    invitation.email,
    case
      when invitation.status = 'pending' and invitation.expires_at <= pg_catalog.now() then 'expired'
      else invitation.status
    end,
    coalesce(
      (
        select pg_catalog.json_agg(pg_catalog.json_build_object('id', role.id, 'name', role.name) order by role.name)
        from members.invitation_roles as given
        join access.roles as role
          on role.tenant_id = given.tenant_id and role.id = given.role_id
        where given.tenant_id = invitation.tenant_id
          and given.invitation_id = invitation.id
      ),
      '[]'
    ),
    access.name_of(invitation.invited_by_id),
    access.name_of(invitation.cancelled_by),
    invitation.expires_at,
    invitation.membership_expires_at,
    invitation.sent_at,
    invitation.accepted_at,
    invitation.cancelled_at,
    invitation.created_at
  from members.invitations as invitation
  where invitation.tenant_id = (select platform.current_tenant_id())
    and (only_id is null or invitation.id = only_id);
end;
comment on function members.describe_invitations(uuid) is 'The invitations of the scope''s tenant, or one, as they are shown there';

create function members.find_members_by_email(of_emails text[])
returns table (email text, has_ended boolean)
language sql
stable
begin atomic
  select account.email, coalesce(membership.expires_at <= pg_catalog.now(), false)
  from tenancy.user_tenants as membership
  join identity.users as account
    on account.id = membership.user_id and account.deleted_at is null
  where membership.tenant_id = (select platform.current_tenant_id())
    and account.email = any (of_emails);
end;
comment on function members.find_members_by_email(text[]) is 'Which of these addresses are those of members of the scope''s tenant';

create function members.find_offers(of_token_hash bytea, of_email text)
returns table (
  id uuid,
  tenant_id uuid,
  tenant_name text,
  is_tenant_active boolean,
  email text,
  status text,
  is_expired boolean,
  roles text[],
  role_ids uuid[],
  invited_by_id uuid,
  invited_by_name text,
  is_by_operator boolean,
  expires_at timestamptz,
  membership_expires_at timestamptz,
  has_account boolean
)
language sql
stable
begin atomic
  select
    invitation.id,
    tenant.id,
    tenant.name,
    tenant.is_active,
    invitation.email,
    invitation.status,
    invitation.expires_at <= pg_catalog.now(),
    given.roles,
    given.role_ids,
    inviter.id,
    coalesce(inviter.full_name, inviter.email),
    exists (select from identity.operators as operator where operator.user_id = inviter.id),
    invitation.expires_at,
    invitation.membership_expires_at,
    exists (
      select
      from identity.users as account
      where account.email = invitation.email
        and account.deleted_at is null
    )
  from members.invitations as invitation
  join tenancy.tenants as tenant
    on tenant.id = invitation.tenant_id
  left join identity.users as inviter
    on inviter.id = invitation.invited_by_id and inviter.is_active
  left join lateral (
    select
      coalesce(pg_catalog.array_agg(role.name order by role.name), '{}') as roles,
      coalesce(pg_catalog.array_agg(role.id order by role.name), '{}') as role_ids
    from members.invitation_roles as invited
    join access.roles as role
      on role.tenant_id = invited.tenant_id and role.id = invited.role_id
    where invited.tenant_id = invitation.tenant_id
      and invited.invitation_id = invitation.id
  ) as given on true
  where (invitation.token_hash = of_token_hash or invitation.email = of_email and invitation.status = 'pending');
end;
comment on function members.find_offers(bytea, text) is
  'The invitation of a link, or those that wait for an address, with what whoever has it is told. Needs the system scope';
revoke execute
  on function
    members.describe_invitations(uuid), members.find_members_by_email(text[]), members.find_offers(bytea, text)
  from public;
grant execute
  on function
    members.describe_invitations(uuid), members.find_members_by_email(text[]), members.find_offers(bytea, text)
  to commonhold_app;
