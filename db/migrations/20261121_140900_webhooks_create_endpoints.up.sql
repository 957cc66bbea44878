create schema webhooks;
comment on schema webhooks is 'Other systems that are told of what happens in a tenant';
grant usage on schema webhooks to commonhold_app, commonhold_readonly;

create table webhooks.endpoints (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  url text not null,
  description text,
  event_types text[] not null,
  secret_encrypted text not null,
  previous_secret_encrypted text,
  previous_secret_until timestamptz,
  is_enabled boolean not null default true,
  disabled_reason text,
  failing_since timestamptz,
  last_success_at timestamptz,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint endpoints_pkey primary key (tenant_id, id),
  constraint endpoints_url_shape check (url ~ '^https?://' and length(url) <= 2000),
  constraint endpoints_description_length check (length(description) <= 500),
  constraint endpoints_event_types_bounded check (cardinality(event_types) between 1 and 200),
  constraint endpoints_disabled_has_reason check (is_enabled = (disabled_reason is null)),
  constraint endpoints_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint endpoints_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table webhooks.endpoints is 'An address outside that gets the events of a tenant, signed (Standard Webhooks)';
comment on column webhooks.endpoints.event_types is 'Declared types, or * for all, also those that come later';
comment on column webhooks.endpoints.secret_encrypted is 'By which its events are signed, AES-256-GCM (GG-17)';
comment on column webhooks.endpoints.previous_secret_until is 'Until then events are signed with the secret before as well, so that it can be changed at leisure';
comment on column webhooks.endpoints.failing_since is 'The first failure after the last success: after five days it is switched off';
create index endpoints_created_by_idx on webhooks.endpoints (created_by) where created_by is not null;
select platform.keep_updated_at('webhooks.endpoints');
select platform.isolate('webhooks.endpoints');
grant select, insert, delete on webhooks.endpoints to commonhold_app;
grant update (
  url, description, event_types, secret_encrypted, previous_secret_encrypted, previous_secret_until, is_enabled,
  disabled_reason, failing_since, last_success_at
) on webhooks.endpoints to commonhold_app;
grant select (
  tenant_id, id, url, description, event_types, is_enabled, disabled_reason, failing_since, last_success_at, created_by,
  created_at, updated_at
) on webhooks.endpoints to commonhold_readonly;
select audit.track(
  'webhooks.endpoints',
  redact => '{secret_encrypted,previous_secret_encrypted}',
  ignore => '{updated_at,failing_since,last_success_at}',
  context => '{url}'
);

create table webhooks.events (
  tenant_id uuid not null,
  id uuid not null,
  type text not null,
  occurred_at timestamptz not null,
  data jsonb not null,
  created_at timestamptz not null default now(),
  constraint events_pkey primary key (tenant_id, id),
  constraint events_data_object check (jsonb_typeof(data) = 'object'),
  constraint events_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade
);
comment on table webhooks.events is 'What happened, as endpoints are told it; kept 30 days, so that it can be sent again';
create index events_created_at_idx on webhooks.events (created_at);
select platform.isolate('webhooks.events');
create policy events_system on webhooks.events for select using ((select platform.is_system()));
create policy events_system_removes on webhooks.events for delete using ((select platform.is_system()));
grant select, insert, delete on webhooks.events to commonhold_app;
grant select on webhooks.events to commonhold_readonly;

create table webhooks.deliveries (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  event_id uuid not null,
  endpoint_id uuid not null,
  status text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  replay_of uuid,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint deliveries_pkey primary key (tenant_id, id),
  constraint deliveries_status_known check (status in ('pending', 'succeeded', 'failed')),
  constraint deliveries_completed_has_time check ((status = 'pending') = (completed_at is null)),
  constraint deliveries_attempts_counted check (attempts >= 0),
  constraint deliveries_event_id_fkey foreign key (tenant_id, event_id)
    references webhooks.events (tenant_id, id) on delete cascade,
  constraint deliveries_endpoint_id_fkey foreign key (tenant_id, endpoint_id)
    references webhooks.endpoints (tenant_id, id) on delete cascade
);
comment on table webhooks.deliveries is 'An event on its way to an endpoint';
comment on column webhooks.deliveries.replay_of is 'The delivery that somebody had sent again';
create index deliveries_endpoint_idx on webhooks.deliveries (tenant_id, endpoint_id, created_at desc, id desc);
create index deliveries_event_id_idx on webhooks.deliveries (tenant_id, event_id);
-- An event reaches an endpoint once by itself, however often its job is run; a replay is another delivery.
create unique index deliveries_once on webhooks.deliveries (tenant_id, event_id, endpoint_id) where replay_of is null;
select platform.isolate('webhooks.deliveries');
grant select, insert, delete on webhooks.deliveries to commonhold_app;
grant update (status, attempts, next_attempt_at, completed_at) on webhooks.deliveries to commonhold_app;
grant select on webhooks.deliveries to commonhold_readonly;

create table webhooks.attempts (
  tenant_id uuid not null,
  delivery_id uuid not null,
  number integer not null,
  started_at timestamptz not null,
  duration_ms integer not null,
  status_code integer,
  error text,
  response text,
  constraint attempts_pkey primary key (tenant_id, delivery_id, number),
  constraint attempts_delivery_id_fkey foreign key (tenant_id, delivery_id)
    references webhooks.deliveries (tenant_id, id) on delete cascade
);
comment on table webhooks.attempts is 'Each try to deliver, with what came back: the first thousand characters';
select platform.isolate('webhooks.attempts');
grant select, insert, delete on webhooks.attempts to commonhold_app;
grant select on webhooks.attempts to commonhold_readonly;
