-- A guest has no account that could be closed, and whoever has his link is he. What he says is counted in the activity, where it
-- stays when he takes it back.
create function contractors.limit_guest_comments()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  most constant integer := 30;
  longest constant integer := 2000;
begin
  if new.share_id is null or new.body is null then
    return new;
  end if;
  if length(new.body) > longest then
    raise exception 'the comment of a guest is too long'
      using errcode = 'check_violation', constraint = 'contractor_list_comments_guest_length', schema = 'contractors', table = 'contractor_list_comments';
  end if;
  -- The share is locked, so that many at once take turns. Not by a change: it holds its comment already, and who ends the share
  -- has that and wants the comment. Changes of one comment take turns by themselves.
  if tg_op = 'INSERT' then
    perform
    from contractors.contractor_list_shares as share
    where share.tenant_id = new.tenant_id
      and share.id = new.share_id
    for no key update;
  end if;
  if (
    select count(*)
    from contractors.contractor_list_activity as activity
    where activity.tenant_id = new.tenant_id
      and activity.list_id = new.list_id
      and activity.created_at > now() - interval '1 hour'
      and activity.guest_email = new.guest_email
      and activity.action in ('comment.added', 'comment.edited')
  ) >= most then
    raise exception 'no more comments in this hour' using
      errcode = 'CH001', constraint = 'contractors.guest_comments_too_many',
      detail = json_build_object('most', most, 'retryAfter', 600)::text;
  end if;
  return new;
end
$$;
comment on function contractors.limit_guest_comments() is
  'GG-11: by one link 30 comments are written or changed in an hour, of 2,000 characters at most';
revoke execute on function contractors.limit_guest_comments() from public;
create trigger limit_guest_comments before insert or update of body on contractors.contractor_list_comments
  for each row execute function contractors.limit_guest_comments();
