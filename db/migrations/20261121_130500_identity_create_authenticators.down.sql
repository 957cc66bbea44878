select audit.untrack('identity.authenticators');
drop table identity.authenticators;
