create schema tenders;
comment on schema tenders is 'Calls for bids that a team watches';
grant usage on schema tenders to commonhold_app, commonhold_readonly;

create table tenders.tenders (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  title text not null,
  due_on date not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint tenders_pkey primary key (tenant_id, id),
  constraint tenders_title_unique unique (tenant_id, title),
  constraint tenders_title_length check (length(title) between 1 and 255),
  constraint tenders_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table tenders.tenders is 'A call for bids, watched until it is due';
create index tenders_due_idx on tenders.tenders (tenant_id, due_on, id);

select platform.isolate('tenders.tenders');
select platform.keep_updated_at('tenders.tenders');
select audit.track('tenders.tenders');

grant select, insert, delete on tenders.tenders to commonhold_app;
grant update (title, due_on) on tenders.tenders to commonhold_app;
grant select on tenders.tenders to commonhold_readonly;
