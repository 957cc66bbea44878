create schema mail;
comment on schema mail is 'Mails to people: what waits to be sent, and what became of the rest';
grant usage on schema mail to commonhold_app, commonhold_readonly;

-- No foreign key to the user: the account's module stands above this one. Whoever exports or erases a person's data
-- asks this module by user and address.
create table mail.messages (
  id uuid not null default gen_random_uuid(),
  name text not null,
  recipient text not null,
  user_id uuid,
  content text,
  status text not null default 'queued',
  attempts integer not null default 0,
  last_error text,
  created_at timestamptz not null default clock_timestamp(),
  last_attempt_at timestamptz,
  sent_at timestamptz,
  constraint messages_pkey primary key (id),
  constraint messages_name_qualified check (name ~ '^[a-z_]+[.][a-z0-9_]+$'),
  constraint messages_recipient_is_one_address
    check (length(recipient) between 3 and 255 and recipient ~ '^[^[:space:][:cntrl:]@<>,;:"()]+@[^[:space:][:cntrl:]@<>,;:"()]+$'),
  constraint messages_status_known check (status in ('queued', 'sent', 'failed', 'kept', 'dropped')),
  constraint messages_attempts_counted check (attempts >= 0),
  constraint messages_content_while_needed check ((content is not null) = (status in ('queued', 'kept'))),
  constraint messages_sent_at_when_sent check ((sent_at is not null) = (status = 'sent'))
);
comment on table mail.messages is 'A mail to one person. Kept for 30 days; its content only as long as it is needed';
comment on column mail.messages.name is 'Which of the declared mails it is: identity.reset_password';
comment on column mail.messages.user_id is 'Whose account it is about, if it is about one';
comment on column mail.messages.content is
  'Subject, text and HTML, encrypted: the links in them are as good as passwords (VS-02). Null once delivered or given up';
comment on column mail.messages.status is
  'queued: to be delivered. kept: there is no SMTP server, it lies here to be read. dropped: the recipient got too many';
comment on column mail.messages.last_error is 'What the mail server answered to the last attempt, links taken out';
create index messages_created_at_idx on mail.messages (created_at desc, id desc);
create index messages_user_id_idx on mail.messages (user_id) where user_id is not null;
create index messages_recipient_idx on mail.messages (lower(recipient));

create table mail.quotas (
  inbox text not null,
  name text not null,
  messages integer not null,
  began_at timestamptz not null default now(),
  constraint quotas_pkey primary key (inbox, name),
  constraint quotas_messages_counted check (messages > 0)
);
comment on table mail.quotas is 'How many mails an inbox was sent in the hour that began then, so that nobody can be flooded through us';
comment on column mail.quotas.inbox is 'The address in lower case without what follows a plus sign: all of those reach one inbox';
comment on column mail.quotas.name is 'Which mail, or * for all together';
create index quotas_began_at_idx on mail.quotas (began_at);

do $$
declare
  target text;
begin
  foreach target in array array['messages', 'quotas'] loop
    execute format('alter table mail.%I enable row level security', target);
    execute format('alter table mail.%I force row level security', target);
    execute format(
      'create policy %I on mail.%I using ((select platform.is_system())) with check ((select platform.is_system()))',
      target || '_system', target
    );
  end loop;
end
$$;
grant
  select,
  insert (id, name, recipient, user_id, content, status),
  update (content, status, attempts, last_error, last_attempt_at, sent_at),
  delete
on mail.messages to commonhold_app;
grant select, insert, update, delete on mail.quotas to commonhold_app;
