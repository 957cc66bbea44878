drop table jobs.relayed_jobs;
drop table jobs.outbox;
