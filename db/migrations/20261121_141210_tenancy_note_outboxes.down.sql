drop table tenancy.noted_outboxes;
