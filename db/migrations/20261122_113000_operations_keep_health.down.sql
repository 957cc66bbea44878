-- What was measured, found and done is lost with these.
drop table operations.alarms;
drop table operations.maintenance_runs;
drop table operations.leases;
drop table operations.doctor_runs;
drop table operations.relation_sizes;
