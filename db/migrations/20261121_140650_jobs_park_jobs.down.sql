drop function jobs.forget_tenant(uuid, integer);
drop table jobs.parked_jobs;
