select audit.untrack('identity.avatars');
drop table identity.avatars;
