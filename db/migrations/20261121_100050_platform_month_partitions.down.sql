drop view platform.month_partition_horizons;
drop function platform.ensure_month_partitions();
drop function platform.ensure_month_partitions(regclass, integer);
drop function platform.uuid_v7();
