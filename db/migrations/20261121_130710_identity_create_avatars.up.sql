create table identity.avatars (
  user_id uuid not null,
  content bytea not null,
  content_hash bytea not null,
  updated_at timestamptz not null default now(),
  constraint avatars_pkey primary key (user_id),
  constraint avatars_content_size check (octet_length(content) between 1 and 100000),
  constraint avatars_content_hash_is_sha256 check (octet_length(content_hash) = 32),
  constraint avatars_user_id_fkey foreign key (user_id) references identity.users (id) on delete cascade
);
comment on table identity.avatars is 'The picture of a person, made anew by the program: WebP, 256 by 256, without metadata';
comment on column identity.avatars.content_hash is 'SHA-256; a part of it is in the address of the picture, which is another one for another picture';

select platform.keep_updated_at('identity.avatars');
alter table identity.avatars enable row level security;
alter table identity.avatars force row level security;
create policy avatars_own on identity.avatars
  for select
  using (user_id = (select platform.current_user_id()));
create policy avatars_system on identity.avatars
  using ((select platform.is_system()))
  with check ((select platform.is_system()));
grant select, insert, delete on identity.avatars to commonhold_app;
grant update (content, content_hash) on identity.avatars to commonhold_app;
select audit.track('identity.avatars', redact => '{content}');
