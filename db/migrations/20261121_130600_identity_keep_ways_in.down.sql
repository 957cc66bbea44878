drop trigger external_identities_keep_way_in on identity.external_identities;
drop trigger authenticators_keep_way_in on identity.authenticators;
drop trigger passwords_keep_way_in on identity.passwords;
drop function identity.keep_way_in();
