drop function members.find_offers(bytea, text);
drop function members.find_members_by_email(text[]);
drop function members.describe_invitations(uuid);
select audit.untrack('members.invitation_roles');
drop table members.invitation_roles;
drop function members.guard_invited_role();
select audit.untrack('members.invitations');
drop table members.invitations;
