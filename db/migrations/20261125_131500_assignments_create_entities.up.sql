create table assignments.entity_definitions (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  domain_id uuid not null,
  name text not null,
  display_name text not null,
  description text,
  schema jsonb not null,
  version integer not null default 1,
  is_active boolean not null default true,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint entity_definitions_pkey primary key (tenant_id, id),
  constraint entity_definitions_name_unique unique (tenant_id, domain_id, name),
  constraint entity_definitions_name_shape check (name ~ '^[a-z0-9]+([_-][a-z0-9]+)*$' and length(name) <= 100),
  constraint entity_definitions_display_name_length check (length(display_name) between 1 and 200),
  constraint entity_definitions_schema_object check (jsonb_typeof(schema) = 'object'),
  constraint entity_definitions_version_counted check (version > 0),
  constraint entity_definitions_tenant_id_fkey foreign key (tenant_id) references tenancy.tenants (id) on delete cascade,
  constraint entity_definitions_domain_id_fkey foreign key (tenant_id, domain_id)
    references assignments.domains (tenant_id, id) on delete restrict,
  constraint entity_definitions_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.entity_definitions is 'A kind of thing of a domain with its fields and their constraints: rooms, wards, tracks (VS-05)';
comment on column assignments.entity_definitions.schema is 'JSON Schema of an object, of the part that the form edits';
comment on column assignments.entity_definitions.version is 'Counts changes of the schema';
create index entity_definitions_created_by_idx on assignments.entity_definitions (created_by);

create table assignments.entities (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  definition_id uuid not null,
  data jsonb not null,
  checked_version integer not null,
  faults jsonb not null default '[]',
  fits boolean generated always as (faults = '[]') stored,
  created_by uuid default platform.current_user_id(),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint entities_pkey primary key (tenant_id, id),
  constraint entities_data_object check (jsonb_typeof(data) = 'object'),
  constraint entities_faults_array check (jsonb_typeof(faults) = 'array'),
  constraint entities_definition_id_fkey foreign key (tenant_id, definition_id)
    references assignments.entity_definitions (tenant_id, id) on delete restrict,
  constraint entities_created_by_fkey foreign key (created_by) references identity.users (id) on delete set null
);
comment on table assignments.entities is 'A thing of a kind, checked against its definition (VS-05)';
comment on column assignments.entities.checked_version is 'The definition''s version that it was last checked against';
comment on column assignments.entities.faults is 'Where it no longer fits its definition, which has changed since: {"pointer": "/beds", "message": "must be integer"}';
create index entities_definition_idx on assignments.entities (tenant_id, definition_id, fits, id);
create index entities_json_idx on assignments.entities using gin (tenant_id, data);
create index entities_created_by_idx on assignments.entities (created_by);

select platform.isolate('assignments.entity_definitions');
select platform.isolate('assignments.entities');
select platform.keep_updated_at('assignments.entity_definitions');
select platform.keep_updated_at('assignments.entities');
select audit.track('assignments.entity_definitions', context => '{domain_id,name}');
select audit.track('assignments.entities', ignore => '{updated_at,checked_version,faults,fits}', context => '{definition_id}');

grant select, insert, delete on assignments.entity_definitions, assignments.entities to commonhold_app;
grant update (name, display_name, description, schema, version, is_active) on assignments.entity_definitions to commonhold_app;
grant update (data, checked_version, faults) on assignments.entities to commonhold_app;
grant select on assignments.entity_definitions, assignments.entities to commonhold_readonly;
