drop table identity.external_identities;
drop table identity.one_time_tokens;
drop table identity.backup_codes;
drop table identity.two_factors;
drop table identity.passwords;
drop table identity.user_profiles;
drop table identity.users;
drop schema identity;
