drop table identity.email_changes;
